//! Each shipped policy is broken in every small way, and its tests have to notice: a rule, an
//! `except` or an `overrides` is taken out, one at a time.

use std::fs;
use std::ops::Range;

use super::super::ast::{ConditionKind, Span};
use super::super::report::Findings;
use super::super::{bundle as files, gather, is_policy};
use super::repository;
use crate::model::{PolicyBundle, PolicyFile};
use crate::trial::Trial;

/// How many of a hundred have to be noticed.
const LEAST_PERCENT: usize = 95;
/// The event that a rule which is taken out waits for: so what names the rule still reads, and only
/// what the rule did is missing.
const NEVER: &str = "\nevent never-happens { }\n";

/// The policies below `rules/`, each with all that it includes.
fn shipped() -> Vec<PolicyBundle> {
    let folder = repository().join("rules");
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let names = fs::read_dir(&folder).expect("the shipped rules");
    let mut names: Vec<String> = names
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .filter(|name| name.ends_with(".rules"))
        .collect();
    names.sort();
    let files = names.into_iter().filter_map(|name| {
        let text = read(&name)?;
        is_policy(&text).then(|| playable(gather(PolicyFile { name, text }, read)))
    });
    files.collect()
}

/// The bundle without its invariants, each of which ends in a brace at the beginning of a line:
/// what they claim is not for tests to notice.
fn playable(mut bundle: PolicyBundle) -> PolicyBundle {
    for file in &mut bundle.files {
        let mut inside = false;
        let blanked = file.text.lines().map(|line| {
            inside |= line.starts_with("invariant ");
            let kept = if inside { "" } else { line };
            inside &= !line.starts_with('}');
            format!("{kept}\n")
        });
        file.text = blanked.collect();
    }
    bundle
}

/// The bundle with a stretch of one file put in other words.
fn changed(bundle: &PolicyBundle, file: u32, at: Range<usize>, words: &str) -> PolicyBundle {
    let mut mutant = bundle.clone();
    mutant.files[file as usize].text.replace_range(at, words);
    mutant.files[0].text.push_str(NEVER);
    mutant
}

/// The stretch between a rule's name and the end of its body, brace included.
fn body(text: &str, name: Span) -> Range<usize> {
    let start = name.end as usize;
    let (mut depth, mut in_text, mut in_comment, mut escaped) = (0, false, false, false);
    for (at, byte) in text.bytes().enumerate().skip(start) {
        if in_comment {
            in_comment = byte != b'\n';
        } else if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => in_text = true,
                b'#' => in_comment = true,
                b'{' => depth += 1,
                b'}' if depth == 1 => return start..at + 1,
                b'}' => depth -= 1,
                _ => {}
            }
        }
    }
    panic!("a rule of a policy that compiles ends");
}

/// The word in front of a place, with the place.
fn with_keyword(text: &str, keyword: &str, at: Span) -> Range<usize> {
    let from = text[..at.start as usize].rfind(keyword).expect("it stands in front");
    from..at.end as usize
}

/// One name after `overrides`, with its comma, or with the keyword if it is the only one.
fn one_override(text: &str, at: Span) -> Range<usize> {
    let (start, end) = (at.start as usize, at.end as usize);
    let before = text[..start].trim_end();
    let after = text[end..].trim_start();
    if before.ends_with(',') {
        before.len() - 1..end
    } else if after.starts_with(',') {
        start..text.len() - after.len() + 1
    } else {
        with_keyword(text, "overrides", at)
    }
}

/// Every way in which a policy is broken, and what was taken out.
fn mutants(bundle: &PolicyBundle) -> Vec<(String, PolicyBundle)> {
    let whole = files::read(bundle, "", &mut Findings::default());
    let mut all = Vec::new();
    for rule in &whole.rules {
        let (file, name) = (rule.name.at.file, rule.name.text.as_str());
        let text = bundle.files[file as usize].text.as_str();
        let silent = " { on never-happens pause workspace }";
        let mutant = changed(bundle, file, body(text, rule.name.at), silent);
        all.push((format!("rule {name}"), mutant));
        for condition in rule.conditions.iter().filter(|it| it.kind == ConditionKind::Except) {
            let at = whole.exprs[condition.expr.0 as usize].at;
            let range = with_keyword(text, "except", at);
            let what = text[range.clone()].to_owned();
            all.push((format!("`{what}` of {name}"), changed(bundle, file, range, "")));
        }
        for word in &rule.overrides {
            let range = one_override(text, word.at);
            let what = format!("`overrides {}` of {name}", word.text);
            all.push((what, changed(bundle, file, range, "")));
        }
    }
    all
}

/// Whether a test of the bundle fails; none if it does not compile.
fn is_noticed(bundle: &PolicyBundle) -> Option<bool> {
    let mut trial = Trial::of(bundle).ok()?;
    let tests = trial.tests().len();
    let mut results = (0..tests).filter_map(|number| trial.run(number));
    Some(results.any(|result| !result.passed()))
}

#[test]
fn the_tests_of_the_shipped_policies_notice_what_is_taken_out() {
    let policies = shipped();
    assert!(policies.iter().any(|bundle| bundle.files[0].name == "default.rules"));
    for bundle in policies {
        let name = &bundle.files[0].name;
        let tested = Trial::of(&bundle).is_ok_and(|trial| !trial.tests().is_empty());
        if !tested {
            println!("{name}: not tried");
            continue;
        }
        assert_eq!(is_noticed(&bundle), Some(false), "the tests of {name} pass");
        let mutants = mutants(&bundle);
        // What keeps a policy from compiling is seen by whoever did it: without an `except`, what
        // it made known is unknown. A rule is silenced so that it always compiles.
        let survives = |(what, mutant): &(String, PolicyBundle)| match is_noticed(mutant) {
            Some(noticed) => !noticed,
            None => {
                assert!(!what.starts_with("rule "), "{name}: without {what} it does not compile");
                false
            }
        };
        let survivors: Vec<&String> =
            mutants.iter().filter(|mutant| survives(mutant)).map(|(what, _)| what).collect();
        let noticed = mutants.len() - survivors.len();
        println!("{name}: {noticed} of {} noticed", mutants.len());
        let enough = noticed * 100 >= mutants.len() * LEAST_PERCENT;
        assert!(enough, "{name}: {noticed} of {} noticed; not {survivors:?}", mutants.len());
    }
}

#[test]
fn a_policy_is_broken_in_every_small_way() {
    let text = "policy 1
rule a \"} not here\" { on reply except reply.kind is auto # } nor here
  pause prospect }
rule b { on reply pause prospect }
rule c { on reply overrides a, b ignore }
rule d { on reply overrides b ignore }
";
    let bundle = super::bundle(text);
    let broken: Vec<(String, String)> =
        mutants(&bundle).into_iter().map(|(what, it)| (what, it.files[0].text.clone())).collect();
    let expected = [
        ("rule a", "rule a { on never-happens pause workspace }\nrule b {"),
        ("`except reply.kind is auto` of a", "{ on reply  # } nor here\n"),
        ("rule b", "rule b { on never-happens pause workspace }\nrule c"),
        ("rule c", "rule c { on never-happens pause workspace }\nrule d"),
        ("`overrides a` of c", "rule c { on reply overrides  b ignore }"),
        ("`overrides b` of c", "rule c { on reply overrides a ignore }"),
        ("rule d", "rule d { on never-happens pause workspace }\n\nevent"),
        ("`overrides b` of d", "rule d { on reply  ignore }"),
    ];
    assert_eq!(broken.len(), expected.len(), "{broken:#?}");
    for ((what, text), (expected, part)) in broken.iter().zip(expected) {
        assert_eq!((what.as_str(), text.contains(part)), (expected, true), "{text}");
    }
}
