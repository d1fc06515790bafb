//! Erasure on a real directory: a person with a distinctive key and addresses, in every kind of
//! command, in plain and compressed segments, in bases and checkpoints; and then nowhere.

use std::fs;
use std::path::Path;

use holdline::json::{read_command, write_command};
use holdline::store::Store;
use holdline::{
    Action, Command, Engine, Import, Instant, Options, Outcome, Verified, history, restore,
    verify_absent,
};

use super::keeping::files;

const KEY: &str = "zm-prospect-0042";
const ADDRESS: &str = "zelda.marchetti@acme-rockets.io";
const EARLIER: &str = "zelda.old@acme-rockets.io";
const NAME: &str = "Zelda Aurelia Marchetti";
const PHONE: &str = "+39 055 2741 998";

/// All that is looked for.
fn texts() -> Vec<String> {
    [KEY, ADDRESS, EARLIER, NAME, PHONE].map(str::to_owned).to_vec()
}

fn options() -> Options {
    let mut options = Options::default();
    options.segment_bytes = 300;
    // What is written in the background is written when the test says so.
    options.checkpoint_bytes = 0;
    options
}

fn tell(engine: &Engine, fields: &str) -> Outcome {
    let line = format!(r#"{{"at":"2026-03-02T08:00:00Z",{fields}}}"#);
    let outcome = engine.apply(read_command(line.as_bytes()).unwrap()).unwrap();
    assert!(outcome.refusal().is_none(), "{line}: {outcome:?}");
    outcome
}

/// The person and others, each in a segment of its own or so.
fn first_part(engine: &Engine) {
    let at: Instant = "2026-03-02T08:00:00Z".parse().unwrap();
    engine.put_policy(at, holdline::Policy::default_rules()).unwrap();
    for fields in [
        r#""do":"put-sender","key":"s1""#.to_owned(),
        r#""do":"put-campaign","key":"spring","senders":["s1"],"steps":[{"name":"a"}]"#.to_owned(),
        format!(r#""do":"put-prospect","key":"{KEY}","address":"{EARLIER}""#),
        format!(
            r#""do":"put-prospect","key":"{KEY}","address":"{ADDRESS}","zone":"Europe/Rome",
            "tags":["{NAME}"],"fields":{{"phone":"{PHONE}"}}"#
        )
        .replace('\n', ""),
        r#""do":"put-prospect","key":"bob@acme-rockets.io""#.to_owned(),
        r#""do":"put-prospect","key":"jo.marchetti@acme-rockets.io""#.to_owned(),
        format!(r#""do":"enroll","id":"enroll {KEY}","campaign":"spring","prospect":"{KEY}""#),
        r#""do":"enroll","campaign":"spring","prospect":"bob@acme-rockets.io""#.to_owned(),
        r#""do":"claim","id":"claim-1","limit":5,"lease":"5m""#.to_owned(),
    ] {
        tell(engine, &fields);
    }
}

fn second_part(engine: &Engine) {
    for fields in [
        format!(
            r#""do":"record","event":{{"type":"reply","id":"<77@{KEY}>","source":"mail",
            "prospect":"{KEY}","campaign":"spring","kind":"human"}}"#
        )
        .replace('\n', ""),
        format!(r#""do":"pause","prospect":"{KEY}","by":"tom","reason":"{NAME}, {PHONE}""#),
        format!(r#""do":"resume","selection":{{"search":"{ADDRESS}"}}"#),
        format!(r#""do":"pause","prospect":"bob@acme-rockets.io","reason":"as {EARLIER} says""#),
        format!(r#""do":"put-company","key":"acme-rockets.io","name":"of {ADDRESS}""#),
        format!(
            r#""do":"put-prospect","key":"bob@acme-rockets.io","fields":{{"boss":"{ADDRESS}"}}"#
        ),
        format!(r#""do":"record","event":{{"type":"opt-out","id":"o1","prospect":"{KEY}"}}"#),
        format!(r#""do":"retract","event":"never {ADDRESS}","reason":"{KEY}""#),
    ] {
        tell(engine, &fields);
    }
}

/// Compressed segments with a base behind them, plain ones, two checkpoints: the person is in each.
fn filled(path: &Path) {
    let engine = Engine::open(path, options()).unwrap();
    first_part(&engine);
    engine.close().unwrap();
    holdline::compact(path, options()).unwrap();
    let engine = Engine::open(path, options()).unwrap();
    engine.checkpoint().unwrap();
    second_part(&engine);
    engine.close().unwrap();
}

fn looked(path: &Path, texts: &[String]) -> Verified {
    let scratch = tempfile::tempdir().unwrap();
    verify_absent(path, scratch.path(), texts).unwrap()
}

fn forget(engine: &Engine) {
    let fields = format!(r#""do":"forget","by":"dpo","prospect":"{KEY}","reason":"ticket 9""#);
    assert_eq!(tell(engine, &fields), Outcome::Forgotten { stopped: true });
}

/// Nothing of the person is anywhere, all else is as it was, and the store is sound.
fn is_gone(path: &Path) {
    let looked = looked(path, &texts());
    assert_eq!(looked.findings, Vec::<String>::new());
    let stopped = |part: &&holdline::Part| part.what == "nobody who was stopped and is forgotten";
    let names = looked.parts.iter().find(stopped).map_or(0, |part| part.count);
    // Of the others two are put, and one of these is put again, enrolled and paused.
    assert!(names >= 5, "{:?}", looked.parts);
    for (name, bytes) in files(path) {
        for text in texts() {
            let found =
                bytes.windows(text.len()).any(|it| it.eq_ignore_ascii_case(text.as_bytes()));
            assert!(!found, "{text} in {}", name.display());
        }
    }
    for told in history(path).unwrap() {
        let (sequence, command) = told.unwrap();
        let told = format!("{command:?}").to_lowercase();
        for text in texts() {
            assert!(!told.contains(&text.to_lowercase()), "{text} in {sequence}: {told}");
        }
    }
}

fn lines(path: &Path) -> Vec<String> {
    history(path).unwrap().map(|it| write_command(&it.unwrap().1)).collect()
}

#[test]
fn a_person_is_in_every_part_of_a_store_and_then_in_none() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let before = looked(dir.path(), &texts()).findings;
    for place in [".seg ", ".seg.lz4 (unpacked)", ".base (unpacked)", "sled (unpacked)"] {
        let place = place.trim_end();
        let there = before.iter().filter(|it| it.contains(ADDRESS)).any(|it| it.ends_with(place));
        assert!(there, "{place}: {before:?}");
    }
    let told = lines(dir.path());
    let engine = Engine::open(dir.path(), options()).unwrap();
    forget(&engine);
    let snapshot = engine.snapshot().unwrap();
    engine.close().unwrap();
    is_gone(dir.path());
    // What was said of others is said still, and the numbers are the same.
    let after = lines(dir.path());
    let forgotten: Vec<usize> = after
        .iter()
        .enumerate()
        .filter(|(_, line)| line.contains(r#""do":"forgotten""#))
        .map(|(at, _)| at)
        .collect();
    let about = |line: &String| {
        let key = format!(r#""{KEY}""#);
        line.contains(&format!(r#""key":{key}"#)) || line.contains(&format!(r#""prospect":{key}"#))
    };
    let expected: Vec<usize> =
        told.iter().enumerate().filter(|(_, line)| about(line)).map(|(at, _)| at).collect();
    assert_eq!(forgotten, [expected, vec![told.len() + 1]].concat());
    assert!(after[told.len() + 1].contains(r#""by":"dpo""#), "{}", after[told.len() + 1]);
    assert!(after[told.len() + 1].contains("ticket 9"));
    let same = told.iter().zip(&after).filter(|(before, after)| before == after).count();
    assert!(same >= 8, "{same}");
    assert!(after.iter().any(|line| line.contains("jo.marchetti@acme-rockets.io")));
    // With the checkpoints gone, it is replayed from the base.
    for wiped in [false, true] {
        if wiped {
            fs::remove_dir_all(dir.path().join("sled")).unwrap();
        }
        let engine = Engine::open(dir.path(), options()).unwrap();
        let reopened = engine.snapshot().unwrap();
        assert_eq!(reopened.digest(), snapshot.digest(), "{wiped}");
        assert_eq!(reopened.audit().findings, Vec::<String>::new());
        engine.close().unwrap();
        assert_eq!(looked(dir.path(), &texts()).findings, Vec::<String>::new());
    }
}

#[test]
fn who_comes_back_is_stopped_and_may_be_forgotten_again() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let engine = Engine::open(dir.path(), options()).unwrap();
    forget(&engine);
    engine.close().unwrap();
    let engine = Engine::open(dir.path(), options()).unwrap();
    tell(&engine, &format!(r#""do":"put-prospect","key":"{ADDRESS}""#));
    let at: Instant = "2026-03-02T09:00:00Z".parse().unwrap();
    let refused = engine.enroll(at, "spring", ADDRESS).unwrap();
    let told = refused.refusal().unwrap().to_string();
    assert!(told.contains("stop prospect by stopped-before-forgotten"), "{told}");
    let snapshot = engine.snapshot().unwrap();
    let explained = snapshot.view("default").unwrap().explain(ADDRESS).unwrap();
    let on_person = explained.holds.iter().filter(|it| it.hold.scope == holdline::Scope::Prospect);
    assert_eq!((explained.enrollments.len(), on_person.count()), (0, 1), "why is said");
    drop(snapshot);
    engine.close().unwrap();
    // That it is there is no mistake; what looks for the text finds it.
    assert_eq!(looked(dir.path(), &[]).findings, Vec::<String>::new());
    assert!(!looked(dir.path(), &texts()).findings.is_empty());
    let engine = Engine::open(dir.path(), options()).unwrap();
    let forgotten = tell(&engine, &format!(r#""do":"forget","prospect":"{ADDRESS}""#));
    assert_eq!(forgotten, Outcome::Forgotten { stopped: true });
    engine.finish_forgetting().unwrap();
    engine.close().unwrap();
    is_gone(dir.path());
}

#[test]
fn the_background_removes_who_was_forgotten_while_commands_go_on() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let mut options = options();
    options.checkpoint_bytes = 1 << 30;
    let engine = Engine::open(dir.path(), options).unwrap();
    let reader = history(dir.path()).unwrap();
    let before = reader.count();
    let mut reader = history(dir.path()).unwrap();
    assert_eq!(reader.by_ref().take(before).filter_map(Result::ok).count(), before);
    forget(&engine);
    while !lines(dir.path()).iter().all(|line| !line.contains(KEY)) {
        tell(&engine, r#""do":"advance""#);
    }
    // A reader that was at the end goes on, over segments that were written anew meanwhile.
    let later: Vec<u64> = reader.by_ref().map(|it| it.unwrap().0).collect();
    let last = engine.snapshot().unwrap().sequence();
    assert_eq!(later, (before as u64 + 1..=last).collect::<Vec<_>>());
    let digest = engine.snapshot().unwrap().digest();
    engine.close().unwrap();
    is_gone(dir.path());
    let engine = Engine::open(dir.path(), options).unwrap();
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}

#[test]
fn a_new_policy_counts_what_is_left_of_the_past() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let engine = Engine::open(dir.path(), options()).unwrap();
    forget(&engine);
    engine.finish_forgetting().unwrap();
    for number in 0..3 {
        let event =
            format!(r#"{{"type":"open","id":"n{number}","prospect":"bob@acme-rockets.io"}}"#);
        tell(&engine, &format!(r#""do":"record","event":{event}"#));
    }
    let text = "policy 1\\nrule often { on open when count(open at prospect in 9d) >= 4 \
                pause prospect }";
    tell(&engine, &format!(r#""do":"put-policy","files":[{{"name":"n","text":"{text}"}}]"#));
    let fourth =
        r#""do":"record","event":{"type":"open","id":"n4","prospect":"bob@acme-rockets.io"}"#;
    let Outcome::Recorded { holds, .. } = tell(&engine, fourth) else {
        panic!("expected a recorded event");
    };
    assert_eq!(holds.len(), 1, "three were counted of the past");
    let digest = engine.snapshot().unwrap().digest();
    engine.close().unwrap();
    assert_eq!(looked(dir.path(), &texts()).findings, Vec::<String>::new());
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let engine = Engine::open(dir.path(), options()).unwrap();
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}

#[test]
fn a_backup_of_after_has_nothing_and_is_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (store, backup, restored) =
        (dir.path().join("store"), dir.path().join("backup"), dir.path().join("restored"));
    filled(&store);
    let engine = Engine::open(&store, options()).unwrap();
    forget(&engine);
    engine.finish_forgetting().unwrap();
    tell(&engine, r#""do":"advance""#);
    engine.backup(&backup, true).unwrap();
    let digest = engine.snapshot().unwrap().digest();
    engine.close().unwrap();
    let made = restore(&backup, &restored, holdline::Instant::MIN).unwrap();
    assert_eq!(made.digest, digest);
    is_gone(&restored);
    let engine = Engine::open(&restored, options()).unwrap();
    tell(&engine, r#""do":"advance""#);
    engine.close().unwrap();
    assert_eq!(looked(&restored, &texts()).findings, Vec::<String>::new());
}

#[test]
fn what_was_forgotten_is_no_history_that_is_written_out_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (store, copy) = (dir.path().join("store"), dir.path().join("copy"));
    filled(&store);
    let engine = Engine::open(&store, options()).unwrap();
    forget(&engine);
    // Before it is removed from the disk the history is whole, and forgets the person again.
    let lines: Vec<String> = history(&store)
        .unwrap()
        .map(|it| holdline::json::write_history(&it.unwrap().1).unwrap())
        .collect();
    let digest = engine.snapshot().unwrap().digest();
    engine.close().unwrap();
    let mut import = Import::begin(&copy, options()).unwrap();
    for line in lines {
        import.apply(holdline::json::read_history(line.as_bytes()).unwrap().unwrap()).unwrap();
    }
    assert_eq!(import.finish().unwrap().1, digest);
    // The next open of the copy removes the person, too.
    Engine::open(&copy, options()).unwrap().close().unwrap();
    is_gone(&copy);
    let refused = history(&store)
        .unwrap()
        .find_map(|it| holdline::json::write_history(&it.unwrap().1).err())
        .unwrap();
    assert_eq!(refused, "it was about a person who was forgotten");
    let mut import = Import::begin(dir.path().join("other"), options()).unwrap();
    let forgotten = Command::new(Instant::MIN, Action::Forgotten { reason: None });
    assert!(import.apply(forgotten).is_err());
}

#[test]
fn what_was_put_aside_as_damaged_goes_too() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let aside = dir.path().join("sled.damaged-1");
    fs::create_dir(&aside).unwrap();
    fs::write(aside.join("db"), ADDRESS).unwrap();
    let base = dir.path().join("base/00000000000000000009.base.damaged-1");
    fs::write(&base, ADDRESS).unwrap();
    let engine = Engine::open(dir.path(), options()).unwrap();
    forget(&engine);
    engine.close().unwrap();
    assert!(!aside.exists() && !base.exists());
    is_gone(dir.path());
}

/// A segment that was damaged cannot be written anew: that is told, and nothing is given up.
#[test]
fn damage_ends_it_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let firsts = history(dir.path()).unwrap().segments().unwrap();
    let packed = firsts.iter().filter(|it| it.compressed).nth(1).unwrap().first_seq;
    let path = dir.path().join(format!("journal/{packed:020}.seg.lz4"));
    let sound = fs::read(&path).unwrap();
    let mut harmed = sound.clone();
    harmed[sound.len() / 2] ^= 1;
    fs::write(&path, harmed).unwrap();
    let engine = Engine::open(dir.path(), options()).unwrap();
    forget(&engine);
    let digest = engine.snapshot().unwrap().digest();
    let told = engine.finish_forgetting().unwrap_err().to_string();
    assert!(told.contains("is damaged at offset"), "{told}");
    assert!(engine.close().is_err());
    fs::write(&path, sound).unwrap();
    let engine = Engine::open(dir.path(), options()).unwrap();
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    engine.close().unwrap();
    is_gone(dir.path());
}

#[test]
fn a_store_whose_erasure_is_not_finished_says_so() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let engine = Engine::open(dir.path(), options()).unwrap();
    forget(&engine);
    // As a process leaves it that is killed.
    let killed = tempfile::tempdir().unwrap();
    super::fixtures::copy(dir.path(), killed.path());
    drop(engine);
    let looked = looked(killed.path(), &[]);
    assert_eq!(looked.findings, Vec::<String>::new());
    assert!(looked.notes.iter().any(|note| note.contains("still to be removed")), "{looked:?}");
    // Whoever opens the parts of it alone leaves it as it is.
    drop(Store::open(killed.path(), options()).unwrap());
    Engine::open(killed.path(), options()).unwrap().close().unwrap();
    is_gone(killed.path());
}
