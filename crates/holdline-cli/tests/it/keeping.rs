//! The verbs that keep a data directory safe and small.

use std::fs;

use crate::desk::{Desk, advance};

const DATA: &str = "holdline-data";

#[test]
fn a_sound_directory_verifies_and_says_what_it_checked() {
    let desk = Desk::first_day();
    let digest = desk.digest(DATA);
    let shown = desk.call(&["verify"]).fine();
    for expected in ["journal, 1 segments", "references", "nothing is wrong", digest.as_str()] {
        assert!(shown.contains(expected), "{expected} in\n{shown}");
    }
    let json = desk.call(&["verify", "--data", DATA, "--json"]).json();
    assert_eq!(json["digest"], digest.as_str());
    assert_eq!(json["findings"].as_array().unwrap().len(), 0);
    assert!(json["checked"].as_array().unwrap().len() > 4, "{json}");
    assert!(desk.call(&["verify", "--data", "nowhere"]).told(4).contains("no data directory"));
}

#[test]
fn every_finding_is_told_and_repair_puts_right_what_loses_nothing() {
    let desk = Desk::first_day();
    let digest = desk.digest(DATA);
    desk.call(&["compact"]).fine();
    let bases: Vec<_> = fs::read_dir(desk.path().join(DATA).join("base")).unwrap().collect();
    let base = bases[0].as_ref().unwrap().path();
    let mut bytes = fs::read(&base).unwrap();
    bytes[100] ^= 1;
    fs::write(&base, bytes).unwrap();
    fs::write(desk.path().join(DATA).join("sled/db"), b"not a database").unwrap();
    let told = desk.call(&["verify"]).told(4);
    assert!(told.contains(".base` is damaged at offset") && told.contains("sled"), "{told}");
    let repaired = desk.call(&["repair"]).fine();
    assert!(repaired.contains("put `") && repaired.contains("wrote a checkpoint"), "{repaired}");
    assert!(repaired.contains(&digest), "{repaired}");
    desk.call(&["verify"]).fine();
    assert_eq!(desk.digest(DATA), digest);
    assert!(desk.call(&["repair"]).fine().contains("nothing had to be done"));
}

#[test]
fn a_person_is_forgotten_and_the_proof_is_shown() {
    let desk = Desk::first_day();
    let who = "ada.reply@acme.example";
    let told = desk.call(&["verify", "--absent", who]).told(4);
    assert!(told.contains(&format!("`{who}` is in ./{DATA}/journal/")), "{told}");
    let args = ["forget", who, "--by", "dpo", "--reason", "ticket 9"];
    let forgotten = desk.call(&args).fine();
    assert!(forgotten.starts_with(&format!("forgotten: {who}\n")), "{forgotten}");
    // The outbox that the run wrote is in the directory, and the host's own.
    let told = desk.call(&["verify", "--absent", who]).told(4);
    assert_eq!(told.matches("wrong:").count(), 1, "{told}");
    assert!(told.contains("outbox.jsonl"), "{told}");
    fs::remove_file(desk.path().join(DATA).join("outbox.jsonl")).unwrap();
    let shown = desk.call(&["verify", "--absent", who]).fine();
    assert!(shown.contains("what must be absent, in"), "{shown}");
    assert!(shown.contains("backups were not looked at"), "{shown}");
    assert!(desk.call(&["explain", who]).told(3).contains("unknown prospect"));
    let history = desk.call(&["history", "--type", "forgotten"]).fine();
    assert!(history.contains("“ticket 9”   by dpo"), "{history}");
    let told = desk.call(&["export"]).told(4);
    assert!(told.contains("it was about a person who was forgotten"), "{told}");
    assert!(told.contains("copy the directory whole"), "{told}");
    assert!(desk.call(&["forget", who]).told(1).contains("unknown prospect"));
    let list = desk.call(&["list", "--all"]).fine();
    assert!(list.contains("forgotten-0"), "{list}");
}

#[test]
fn what_cannot_be_repaired_without_loss_is_left_alone() {
    let desk = Desk::first_day();
    let segment = desk.path().join(DATA).join("journal/00000000000000000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    let told = desk.call(&["repair"]).told(4);
    assert!(
        told.contains("cannot be repaired without loss: the commands of the damaged"),
        "{told}"
    );
    assert!(told.contains("is damaged at offset"), "{told}");
    assert!(fs::read(&segment).unwrap() == bytes);
}

#[test]
fn a_backup_is_restored_with_the_same_digest() {
    let desk = Desk::first_day();
    let digest = desk.digest(DATA);
    let taken = desk.call(&["backup", "copy", "--history", "--json"]).json();
    assert_eq!(taken["unchanged"], false);
    let restored = desk.call(&["restore", "copy", "again", "--json"]).json();
    assert_eq!(restored["digest"], digest.as_str());
    // The example's time is long past: all that waits may have gone out, and the state says so.
    assert!(restored["unknown"].as_u64() > Some(0), "{restored}");
    assert_ne!(desk.digest("again"), digest);
    desk.call(&["verify", "--data", "again"]).fine();
    let history = desk.call(&["history", "--data", "again"]).fine();
    assert!(history.lines().count() > 10, "{history}");
    let told = desk.call(&["restore", "copy", "again"]).told(4);
    assert!(told.contains("`again` is not empty"), "{told}");
    let told = desk.call(&["backup", "again"]).told(4);
    assert!(told.contains("is no backup"), "{told}");
    // A second one adds what is new, of the journal, too, that the first one has.
    desk.call_with(&["apply"], advance("2026-05-01T09:00:00Z")).fine();
    desk.call(&["backup", "copy"]).fine();
    let second = desk.call(&["restore", "copy", "third", "--json"]).json();
    assert!(second["sequence"].as_u64() > restored["sequence"].as_u64(), "{second}");
    assert_eq!(second["digest"], desk.digest(DATA).as_str());
    // What cannot be restored leaves nothing behind.
    let copied = fs::read_dir(desk.path().join("copy/base")).unwrap();
    for base in copied.map(|base| base.unwrap().path()) {
        let mut bytes = fs::read(&base).unwrap();
        bytes[80] ^= 1;
        fs::write(&base, bytes).unwrap();
    }
    let told = desk.call(&["restore", "copy", "fourth"]).told(4);
    assert!(told.contains("is damaged at offset"), "{told}");
    assert!(!desk.path().join("fourth").exists());
}

/// What is due by the restore waits, is told, explained and listed, and a person has it sent again.
#[test]
fn what_was_due_by_a_restore_waits_until_a_person_has_it_sent_again() {
    let desk = Desk::first_day();
    desk.call(&["backup", "copy"]).fine();
    let told = desk.call(&["restore", "copy", "again"]).fine();
    assert!(told.contains("may have gone out since then"), "{told}");
    // What was due by the backup may have gone out at once after it.
    let until = ["--until", "2026-01-01", "--json"];
    let at_once = desk.call(&[&["restore", "copy", "at-once"][..], &until].concat()).json();
    let told = desk.call(&["restore", "copy", "never", "--until", "soon"]).told(3);
    assert!(told.contains("found `soon`"), "{told}");
    let list = |data: &str, status: &str| {
        let args = ["list", "--data", data, "--status", status, "--format", "json"];
        desk.call(&args).json()["rows"].as_array().unwrap().clone()
    };
    let unknown = list("again", "outcome-unknown");
    let sooner = list("at-once", "outcome-unknown").len();
    assert_eq!(at_once["unknown"].as_u64(), Some(sooner as u64));
    assert!(sooner < unknown.len(), "{sooner} of {unknown:?}");
    let prospect = unknown[0]["prospect"].as_str().unwrap();
    let why = desk.call(&["explain", prospect, "--data", "again"]).fine();
    assert!(why.contains("may have left; nobody knows"), "{why}");
    assert!(why.contains("restored from a backup"), "{why}");
    let history = desk.call(&["history", "--data", "again"]).fine();
    assert!(history.contains("restored") && history.contains("until"), "{history}");
    let none = desk.call(&["resend", "--data", "again"]).told(3);
    assert!(none.contains("say what to resend"), "{none}");
    let filters = ["--status", "outcome-unknown", "--data", "again"];
    let resent = desk.call(&[&["resend"][..], &filters].concat()).fine();
    let all = unknown.len();
    assert!(resent.starts_with(&format!("{all} of {all} enrollment")), "{resent}");
    assert_eq!(list("again", "outcome-unknown").len(), 0);
    desk.call(&["verify", "--data", "again"]).fine();
}

#[test]
fn compact_says_what_the_parts_took_and_take() {
    let desk = Desk::first_day();
    let digest = desk.digest(DATA);
    let shown = desk.call(&["compact"]).fine();
    for expected in ["journal", "checkpoints", "bases", "compressed", digest.as_str()] {
        assert!(shown.contains(expected), "{expected} in\n{shown}");
    }
    assert_eq!(desk.digest(DATA), digest);
    let json = desk.call(&["compact", "--json"]).json();
    assert!(json["bytes"]["bases"]["after"].as_u64() > Some(0), "{json}");
    desk.call(&["verify"]).fine();
}
