//! Coverage: what tests show of the rules, and what they do not.

use super::{Trial, bundle};

/// What is missing after all tests were run, and how much was shown.
fn missing(text: &str) -> (String, Vec<String>) {
    let bundle = bundle(text);
    let mut trial = Trial::of(&bundle).expect("it compiles");
    let tests = trial.tests().len();
    for number in 0..tests {
        let result = trial.run(number).expect("a test");
        assert!(result.passed(), "{:?}", result.failures);
    }
    let coverage = trial.coverage();
    let gaps = coverage.rules.iter().flat_map(|rule| &rule.missing);
    let gaps = gaps.map(|gap| format!("{}: {}", gap.line, gap.what)).collect();
    (format!("{} of {}", coverage.shown, coverage.of), gaps)
}

#[track_caller]
fn expect(text: &str, shown: &str, expected: &[&str]) {
    let (found, gaps) = missing(text);
    assert_eq!((found.as_str(), gaps), (shown, expected.iter().map(|it| it.to_string()).collect()));
}

const COUNT: &str = "rule many {
  on bounce
  when count(bounce at prospect in 7d) >= 2
  pause prospect for 1d
}
";

#[test]
fn nothing_is_shown_without_tests() {
    expect(
        COUNT,
        "0 of 3",
        &[
            "2: many never fired",
            "4: threshold of many never seen at 1: count(bounce at prospect in 7d) >= 2",
            "4: threshold of many never seen at 2: count(bounce at prospect in 7d) >= 2",
        ],
    );
}

#[test]
fn both_sides_of_a_threshold_have_to_be_seen() {
    let first = "test { 0d bounce a@acme.io class soft => quiet }";
    expect(
        &format!("{COUNT}{first}"),
        "1 of 3",
        &[
            "2: many never fired",
            "4: threshold of many never seen at 2: count(bounce at prospect in 7d) >= 2",
        ],
    );
    let second = "test {
        0d bounce a@acme.io class soft
        1d bounce a@acme.io class soft => a@acme.io paused
    }";
    expect(&format!("{COUNT}{second}"), "3 of 3", &[]);
}

const NUMBERS: &str = "
event deal { worth: number  due: date  wait: duration }
rule deal {
  on deal
  where deal.worth > 100
  where deal.due < 2026-05-01
  except deal.wait >= 3d
  pause prospect
}
";

#[test]
fn each_threshold_is_seen_with_its_neighbours_while_all_else_holds() {
    let test = "test {
      0d deal a@x.io worth 101 due 2026-04-30 wait 2d => a@x.io paused
      0d deal a@x.io worth 100 due 2026-04-30 wait 2d => quiet
      0d deal a@x.io worth 101 due 2026-05-01 wait 2d => quiet
      0d deal a@x.io worth 101 due 2026-04-30 wait 9d => quiet
    }";
    expect(&format!("{NUMBERS}{test}"), "8 of 8", &[]);
    // Far from the threshold, or with something else in the way, shows nothing.
    let test = "test {
      0d deal a@x.io worth 500 due 2026-04-01 wait 2d => a@x.io paused
      0d deal a@x.io worth 100 due 2026-05-01 wait 9d => quiet
    }";
    expect(
        &format!("{NUMBERS}{test}"),
        "2 of 8",
        &[
            "6: threshold of deal never seen at 100: deal.worth > 100",
            "6: threshold of deal never seen at 101: deal.worth > 100",
            "7: threshold of deal never seen at 2026-04-30: deal.due < 2026-05-01",
            "7: threshold of deal never seen at 2026-05-01: deal.due < 2026-05-01",
            "8: `except` never prevented deal: deal.wait >= 3d",
            "8: threshold of deal never seen at or above: deal.wait >= 3d",
        ],
    );
}

#[test]
fn an_except_prevents_only_alone() {
    let rules = "rule r {
  on reply
  where reply.kind is human
  except prospect.domain is \"x.io\"
  except \"vip\" in prospect.tags
  pause prospect
}
";
    let both = "test {
      prospect a@x.io { tags vip }
      0d reply a@x.io kind human => quiet
      0d reply b@x.io kind auto => quiet
      0d reply b@y.io kind human => b@y.io paused
    }";
    expect(
        &format!("{rules}{both}"),
        "1 of 3",
        &[
            "5: `except` never prevented r: prospect.domain is \"x.io\" (another `except` held \
             each time)",
            "6: `except` never prevented r: \"vip\" in prospect.tags (another `except` held each \
             time)",
        ],
    );
}

#[test]
fn an_override_is_seen_when_both_rules_match() {
    let rules = "rule plain { on reply pause prospect }
rule better { on reply where reply.kind is auto ignore overrides plain }
";
    let test = "test { 0d reply a@x.io kind human => a@x.io paused by plain }";
    expect(
        &format!("{rules}{test}"),
        "1 of 3",
        &["3: better never fired", "3: better never overrode plain"],
    );
    let test = "test { 0d reply a@x.io kind auto => ignored by better, a@x.io active }";
    expect(&format!("{rules}{test}"), "2 of 3", &["2: plain never fired"]);
}

#[test]
fn rates_have_two_sides() {
    let text = "rule rate {
  on bounce
  when rate(bounce per sent at campaign in 28d) >= 50% of at least 2
  pause campaign
}
test {
  campaign c { step one }
  0d => a@x.io finished, b@x.io finished
  1d bounce a@x.io in c class soft => c paused by rate
}";
    let gap = "4: threshold of rate never seen below: rate(bounce per sent at campaign in 28d) >= \
               50% of at least 2";
    expect(text, "2 of 3", &[gap]);
}
