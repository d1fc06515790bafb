//! Any bytes are read, checked and compiled without harm, and soon.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{Policy, check, render};
use super::mistakes::MISTAKES;
use super::{bundle, codes, expect_codes};

/// Checks and renders, whatever it is.
fn survives(text: &str) {
    let bundle = bundle(text);
    let found = check(&bundle);
    for diagnostic in &found {
        // In order, inside, and no letter is cut.
        let at = diagnostic.from_byte..diagnostic.to_byte;
        assert!(text.get(at).is_some(), "{diagnostic:?}\n{text}");
    }
    let few = found.get(..found.len().min(20)).unwrap_or_default();
    assert!(render(few, &bundle, false).len() >= few.len());
    assert_eq!(
        Policy::compile(&bundle).is_ok(),
        found.iter().all(|d| d.severity != super::super::Severity::Error)
    );
}

#[test]
fn deep_brackets_are_refused_at_once() {
    for open in ["(", "[", "{", "((((not ", "\"\"("] {
        let text = format!("policy 1\nrule r {{ on reply where {}", open.repeat(20_000));
        let found = check(&bundle(&text));
        assert!(codes(&found).contains(&"H0007".to_owned()), "{open}");
    }
    // Up to the limit they are read, closed or not.
    for close in [")", "", "]"] {
        let open = "(".repeat(63);
        survives(&format!(
            "policy 1\nrule r {{ on reply where {open}reply.kind is human{}",
            close.repeat(63)
        ));
        survives(&format!("policy 1\nrule r {{ on reply when {open} x {}", close.repeat(63)));
    }
    let nots = "not ".repeat(20_000);
    let text = format!("policy 1\nrule r {{ on reply where {nots}reply.kind is human ignore }}");
    expect_codes(&text, &[]);
}

/// A window that breaks off was said to end a byte before it does: where that was inside of a
/// letter of several bytes, the finding pointed nowhere.
#[test]
fn findings_point_at_whole_letters_wherever_a_long_one_stands() {
    let broken = "policy 1\nrule a { on bounce when count(bounce # groß\n pause company }";
    survives(broken);
    for text in MISTAKES {
        for (at, _) in text.match_indices(' ') {
            let (before, after) = text.split_at(at);
            survives(&format!("policy 1\n{before}ß{after}"));
            survives(&format!("policy 1\n{before} # groß\n{after}"));
        }
    }
}

#[test]
fn long_inputs_take_no_more_than_their_length() {
    let started = Instant::now();
    let most = 1 << 17;
    for piece in [
        "rule\n",
        "rule r {",
        "@",
        "a@b ",
        "\"",
        "\"a\" ",
        "#",
        "(",
        "{}",
        "event e {",
        "policy ",
        "where ",
        "on ",
        "test \"x\" {",
        "é",
        "reply.kind is ",
        "x = y ",
        "rule a { on reply pause x ",
    ] {
        survives(&piece.repeat(most / piece.len() / 8));
    }
    for (piece, end) in [
        ("reply.kind is human and ", "reply.kind is human ignore }"),
        ("reply.kind is human or ", "reply.kind is auto ignore }"),
        ("prospect.field(\"x\") is known and ", "prospect.field(\"x\") is \"a\" ignore }"),
    ] {
        let chain = piece.repeat(most / piece.len() / 4);
        expect_codes(&format!("policy 1\nrule r {{ on reply where {chain}{end}"), &[]);
    }
    // Generous: it is there to find what grows with the square.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn all_mistakes_of_a_file_are_found_in_one_run() {
    expect_codes(
        "policy 1\n\
         domains free-mail = [\"gmail.com\" \"outlook.com\"]\n\
         rule one { on repyl pause prospect }\n\
         whatever this is\n\
         rule two { on reply where reply.kind = human pause compny }\n\
         rule three { on reply where reply.kind is pause prospect for }\n\
         rule four { on reply pause prospect until day-after reply.return-date }\n\
         invariant \"x\" { never pause company on reply }\n\
         test \"y\" { company acme { a@acme.io } 0d bounce a@acme.io => acme active }\n\
         rule five { on bounce stop prospect for 3d }\n",
        &["H0017", "H0101", "H0001", "H0014", "H0104", "H0016", "H0002", "H0205", "H0306", "H0204"],
    );
}

#[test]
fn what_comes_after_a_mistake_is_still_read() {
    expect_codes(
        "policy 1\nrule one { on reply pause prospect\nrule two { on repyl ignore }",
        &["H0005", "H0101"],
    );
    expect_codes("policy 1\nrule one { on reply pause prospect", &["H0005"]);
    // Of a newer version only that is said: the rest would be misread.
    expect_codes("policy 2\nflows { on repyl }\nrule one { on repyl }", &["H0004"]);
    // What a file that is not there declares is not missed once more at each use.
    expect_codes(
        "policy 1\ninclude \"other.rules\"\nrule one { on repyl pause compny }",
        &["H0019", "H0104"],
    );
    expect_codes("policy 1\ndomains d from \"d.txt\"\n", &["H0019"]);
    expect_codes("", &["H0003"]);
    expect_codes("\u{feff}policy 1\r\nrule a {\r\n on reply\r\n pause prospect\r\n}\r\n", &[]);
    assert_eq!(codes(&check(&crate::model::PolicyBundle { files: Vec::new() })), ["H0003"]);
}

/// However many warnings come first, an error keeps a policy from being used.
#[test]
fn an_error_behind_many_warnings_counts() {
    let entries = "\"a.io\",".repeat(20_000);
    let text = format!("policy 1\ndomains d = [{entries}]\nrule r {{ on repyl ignore }}");
    let bundle = bundle(&text);
    let found = Policy::compile(&bundle).expect_err("an unknown event");
    assert_eq!(codes(&found).last().map(String::as_str), Some("H0101"));
    assert!(found.len() <= 10_001, "{}", found.len());
}

/// The shipped policy with a few small changes.
pub(super) fn mutated() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "@",
        "#",
        "\\",
        "\n",
        "rule ",
        "on ",
        "where ",
        "pause ",
        "until ",
        "else ",
        "resume ",
        "from ",
        "is ",
        "not ",
        "in ",
        "and ",
        "é",
        "\u{202e}",
        "1",
        "3d",
        "2026-07-07",
        "overrides ",
        "event ",
        "domains ",
    ]);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), pieces, 0usize..12), 1..8);
    edits.prop_map(|edits| {
        let mut text = Policy::default_rules().files.remove(0).text;
        for (place, piece, removed) in edits {
            let floor =
                |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let from = floor(place.index(text.len()));
            let to = floor((from + removed).min(text.len()));
            text.replace_range(from..to.max(from), piece);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn mutations_of_the_shipped_policy_do_no_harm(text in mutated()) {
        survives(&text);
    }

    #[test]
    fn random_text_does_no_harm(text in "\\PC{0,400}") {
        survives(&text);
        survives(&format!("policy 1\nrule r {{ on reply where {text} pause prospect }}"));
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&String::from_utf8_lossy(&bytes));
    }
}
