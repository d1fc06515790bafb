//! "Did you mean …?": the known name that a mistyped one is nearest to.

use strsim::osa_distance;

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
    let meant = folded(found);
    names
        .into_iter()
        .filter_map(|name| {
            let most = (name.len().max(found.len()) / 3).max(1);
            let edits = osa_distance(&meant, &folded(name));
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

/// As a name is read: `_` and letter case are free.
fn folded(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter {
        '_' | ' ' => '-',
        other => other.to_ascii_lowercase(),
    });
    letters.collect()
}
