//! "Did you mean …?": the known name that a mistyped one is nearest to.

/// Names longer than this are not compared: nobody mistypes one of ours at that length.
const LONGEST: usize = 40;

/// The nearest of the names, if one is near enough to be what was meant.
pub(super) fn nearest<'n>(
    found: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    if found.len() > LONGEST {
        return None;
    }
    names
        .into_iter()
        .filter_map(|name| {
            let most = (name.len().max(found.len()) / 3).max(1);
            let edits = distance(found, name);
            (edits <= most).then_some((edits, name))
        })
        .min()
        .map(|(_, name)| name)
}

/// The help line for it.
pub(super) fn did_you_mean<'n>(
    found: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<String> {
    nearest(found, names).map(|name| format!("did you mean `{name}`?"))
}

/// How many characters must be inserted, dropped or replaced; `_` and letter case are free.
fn distance(a: &str, b: &str) -> usize {
    let fold = |c: char| match c {
        '_' | ' ' => '-',
        other => other.to_ascii_lowercase(),
    };
    let b: Vec<char> = b.chars().map(fold).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().map(fold).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (above, to) in row.iter().skip(1).zip(&b) {
            let cost = diagonal + usize::from(from != *to);
            left = cost.min(above + 1).min(left + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
