//! The name that was probably meant. It knows nothing of what the names name.

/// How many names are looked through at most: a help line is not worth more.
const MOST: usize = 2_000;
/// Longer words are not typing mistakes that anyone could point out.
const LONGEST: usize = 64;

/// The candidate that is nearest to `word`, if one is near enough; the first of equals.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(LONGEST + 1).collect();
    if letters.len() > LONGEST {
        return None;
    }
    let most = (letters.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(MOST) {
        if candidate.len() > 4 * LONGEST {
            continue;
        }
        let distance = distance(&letters, candidate);
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Edits between the two: insert, remove, change, or swap neighbours.
fn distance(left: &[char], right: &str) -> usize {
    let mut row: Vec<usize> = (0..=left.len()).collect();
    let (mut older, mut before): (Vec<usize>, Option<char>) = (Vec::new(), None);
    for (done, letter) in right.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(done + 1);
        let mut skipped: Option<char> = None;
        // The windows of the row above run along with the letters of the left word.
        for (at, (other, above)) in left.iter().zip(row.windows(2)).enumerate() {
            let &[diagonal, above] = above else { break };
            let change = diagonal + usize::from(*other != letter);
            let beside = next.last().copied().unwrap_or(usize::MAX);
            let mut least = change.min(above + 1).min(beside.saturating_add(1));
            if skipped == Some(letter) && before == Some(*other) {
                let swap = at.checked_sub(1).and_then(|at| older.get(at));
                least = swap.map_or(least, |swap| least.min(swap + 1));
            }
            next.push(least);
            skipped = Some(*other);
        }
        older = std::mem::replace(&mut row, next);
        before = Some(letter);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let scopes = ["enrollment", "prospect", "company", "campaign"];
        assert_eq!(nearest("compny", scopes), Some("company"));
        assert_eq!(nearest("campain", scopes), Some("campaign"));
        assert_eq!(nearest("mailbox", scopes), None);
        assert_eq!(nearest("", scopes), None);
        assert_eq!(nearest("herd", ["soft", "hard"]), Some("hard"));
        assert_eq!(nearest("repyl", ["reply", "replay-all"]), Some("reply"));
    }
}
