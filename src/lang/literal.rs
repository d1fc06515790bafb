//! Values written as text: durations, dates, domains, addresses, globs. It knows no types of rules.

use chrono::NaiveDate;

/// A duration such as `3d`, `12h`, `45m`, `30s`, `2w`, in milliseconds; at most 100 years.
pub(super) fn duration_ms(text: &str) -> Option<u64> {
    const MOST_MS: u64 = 100 * 366 * 86_400_000;
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit_ms).filter(|ms| *ms <= MOST_MS)
}

/// A date as `2026-07-07`, in the years 1970 to 9999.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()?;
    in_range(date).then_some(date)
}

/// Whether the date lies in the years that instants cover.
pub(super) fn in_range(date: NaiveDate) -> bool {
    let year = chrono::Datelike::year(&date);
    (1970..=9999).contains(&year)
}

/// A domain in lower case, if the text looks like one.
pub(super) fn domain(text: &str) -> Option<Box<str>> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let whole = text.len() <= 253 && text.contains('.') && text.split('.').all(label);
    whole.then(|| text.to_lowercase().into())
}

/// An address in lower case, if the text looks like one.
pub(super) fn address(text: &str) -> Option<Box<str>> {
    let (local, host) = text.rsplit_once('@')?;
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && c != '@';
    if local.is_empty() || local.len() > 64 || !local.chars().all(clean) {
        return None;
    }
    domain(host)?;
    Some(text.to_lowercase().into())
}

/// Whether the text matches a glob of `*` (any stretch) and `?` (any character). The cost is at
/// most the product of both lengths.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // The pattern behind the last `*`, and the text that it was tried on.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before_text = text.clone();
        let fits = match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = before_text.clone();
                retry = Some((pattern.clone(), before_text));
                true
            }
            (Some('?'), Some(_)) => true,
            (Some(wanted), Some(found)) => wanted == found,
            (Some(_), None) => return false,
            (None, Some(_)) => false,
        };
        if !fits {
            let Some((tried_pattern, mut tried_text)) = retry.take() else {
                return false;
            };
            if tried_text.next().is_none() {
                return false;
            }
            (pattern, text) = (tried_pattern.clone(), tried_text.clone());
            retry = Some((tried_pattern, tried_text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{address, date, domain, duration_ms, glob};

    #[test]
    fn durations_have_one_unit() {
        assert_eq!(duration_ms("3d"), Some(259_200_000));
        assert_eq!(duration_ms("45m"), Some(2_700_000));
        for bad in ["", "3", "d", "3x", "3dd", "-3d", "99999999999999999999d", "40000d"] {
            assert_eq!(duration_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_of_the_calendar() {
        assert!(date("2026-02-28").is_some());
        for bad in ["2026-02-29", "2026-2-28", "26-02-28", "+026-02-28", "0026-01-01", "2026-02-2é"]
        {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn domains_and_addresses_are_lower_cased_and_looked_at() {
        assert_eq!(domain("Mail.ACME.io").as_deref(), Some("mail.acme.io"));
        assert_eq!(address("Ann@ACME.io").as_deref(), Some("ann@acme.io"));
        for bad in ["acme", "", ".io", "acme..io", "a b.io", "-a.io"] {
            assert_eq!(domain(bad), None, "{bad}");
        }
        for bad in ["ann", "@acme.io", "ann@acme", "a b@acme.io", "a@b@acme.io"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn globs_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "anything", true),
            ("5.1.?", "5.1.1", true),
            ("5.1.?", "5.1.", false),
            ("5.*", "4.5.1", false),
            ("*abc", "aababc", true),
            ("a*b*c", "aXbXbYc", true),
            ("a*b*c", "aXbXbY", false),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        }
        assert!(!glob(&("a*".repeat(50) + "c"), &"a".repeat(5_000)));
    }
}
