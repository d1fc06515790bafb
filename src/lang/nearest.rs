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
    let letters = word.chars().take(LONGEST + 1).count();
    if letters > LONGEST {
        return None;
    }
    let most = (letters / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(MOST) {
        if candidate.len() > 4 * LONGEST {
            continue;
        }
        let distance = strsim::osa_distance(word, candidate);
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
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
