//! Whatever a test says, it is read, run and judged without harm, and the same every time.

use proptest::prelude::*;

use super::{RULES, bundle, check};

const TESTS: &str = "
test \"a\" {
  start 2026-03-02 08:00 Europe/Berlin
  company acme { a@acme.io b@acme.io  tags vip  stage trial  domains acme.com }
  prospect ann { address ann@acme.io  zone Asia/Tokyo  company acme  field industry toys }
  sender tom@ours.example { limit 2  gap 5m }
  campaign spring { step intro  step next-one after 3 business days on mon-fri between 09:00-17:00 }
  0d 09:30  reply a@acme.io in spring kind human id x  => a@acme.io paused by answered, quiet
  1d        bounce ann class soft happened 1d  => ann paused until 4d => acme active
  2026-03-09 10:00  retract x reason \"no\"  => a@acme.io next 2026-03-12 09:00
  8d        pause acme until 10d  => acme paused by person
  9d        add c@acme.io to acme  => c@acme.io paused
  200d      => spring finished, ignored, b@acme.io next none
}
";

/// Words that mean something in a test, and some that do not.
fn words() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        " ",
        "\n",
        "{",
        "}",
        "\"",
        ",",
        "#",
        "=>",
        "é",
        "0",
        "9999-12-31 ",
        "1970-01-01 ",
        "2026-03-29 02:30 ",
        "36600d ",
        "1m ",
        "24:00 ",
        "next ",
        "quiet ",
        "paused ",
        "until ",
        "open ",
        "by ",
        "in ",
        "add ",
        "retract ",
        "stop ",
        "company ",
        "workspace ",
        "start ",
        "limit 0 ",
        "gap 0m ",
        "step ",
        "after 0d ",
        "kind auto ",
    ])
}

fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), words(), 0_usize..12);
    prop::collection::vec(edit, 1..8).prop_map(|edits| {
        let mut text = TESTS.to_owned();
        for (place, word, removed) in edits {
            let floor =
                |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let from = floor(place.index(text.len()));
            let to = floor((from + removed).min(text.len()));
            text.replace_range(from..to.max(from), word);
        }
        format!("{RULES}{text}")
    })
}

#[test]
fn what_is_mutated_below_runs_to_its_end() {
    let found = check(&bundle(&format!("{RULES}{TESTS}")));
    // What no rule handles is not what this is about.
    assert!(found.iter().all(|it| [223, 318].contains(&it.code.0)), "{found:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn mutations_of_a_test_do_no_harm(text in mutated()) {
        let bundle = bundle(&text);
        let found = check(&bundle);
        for it in &found {
            prop_assert!(it.from_byte <= it.to_byte && it.to_byte <= bundle.files[0].text.len());
        }
        prop_assert_eq!(found, check(&bundle));
    }
}
