//! Harm that only the inside can do: pages that check out and are not what they should be.

use std::path::Path;

use super::verify;
use crate::engine::{Engine, Snapshot, State};
use crate::json::read_command;
use crate::store::checkpoint::{Onto, Pace};
use crate::store::{Options, Store};

const COMMANDS: &str = r#"
{"do":"put-sender","at":"2026-03-02T08:00:00Z","key":"s1","limit-per-day":100}
{"do":"put-campaign","at":"2026-03-02T08:00:00Z","key":"spring","senders":["s1"],"steps":[{"name":"a"},{"name":"b","delay":"1d"}]}
{"do":"put-prospect","at":"2026-03-02T08:00:00Z","key":"ann@acme.io","tags":["vip"]}
{"do":"enroll","at":"2026-03-02T08:00:00Z","campaign":"spring","prospect":"ann@acme.io"}
"#;

fn fill(path: &Path, commands: &str) -> Snapshot {
    let engine = Engine::open(path, Options::default()).unwrap();
    for line in commands.lines().filter(|line| !line.is_empty()) {
        engine.apply(read_command(line.as_bytes()).unwrap()).unwrap();
    }
    let snapshot = engine.snapshot().unwrap();
    engine.close().unwrap();
    snapshot
}

fn findings(path: &Path) -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    verify(path, scratch.path()).unwrap().findings
}

/// Every record of the checkpoint checks out and fits the others: only what the journal gives says
/// that one of them is another's.
#[test]
fn a_page_that_was_replaced_by_another_valid_one_is_found() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = fill(dir.path(), COMMANDS);
    let different = fill(other.path(), &COMMANDS.replace("vip", "vap"));
    assert_eq!(findings(dir.path()), Vec::<String>::new());
    let mut store = Store::open(dir.path(), Options::default()).unwrap();
    let seq = own.sequence();
    let filled = store
        .checkpoints
        .write((seq, Onto::Nothing, Pace::Fast), &[], |it| different.write(it, None));
    filled.unwrap();
    drop(store);
    let found = findings(dir.path());
    assert_eq!(found.len(), 1, "{found:?}");
    let expected =
        format!("its digest is {}, the journal gives {}", different.digest(), own.digest());
    assert!(found[0].contains(&expected), "{found:?}");
}

#[test]
fn an_agenda_that_is_not_that_of_the_timelines_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let own = fill(dir.path(), COMMANDS);
    let mut store = Store::open(dir.path(), Options::default()).unwrap();
    let manifest = store.found.manifests[0].clone();
    let mut keys: Vec<Vec<u8>> = Vec::new();
    let agenda = crate::engine::port::Tree::Agenda;
    store
        .checkpoints
        .scan(&manifest, agenda, &[], &[0xff; 20], |key, _: (u8, Vec<(u32, u32, u32)>)| {
            keys.push(key.to_vec());
            Ok(())
        })
        .unwrap();
    assert_eq!(keys.len(), 1);
    let written =
        store.checkpoints.write((own.sequence(), Onto::Newest, Pace::Fast), &[], |writer| {
            use crate::engine::port::ImageWriter;
            writer.remove(agenda, &keys[0])
        });
    written.unwrap();
    drop(store);
    let found = findings(dir.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("the agenda does not list"), "{found:?}");
}

#[test]
fn a_state_as_it_comes_from_commands_fits_together() {
    let mut state = State::new();
    for line in COMMANDS.lines().filter(|line| !line.is_empty()) {
        state.apply(&mut read_command(line.as_bytes()).unwrap());
    }
    let audit = state.snapshot().audit();
    assert_eq!(audit.findings, Vec::<String>::new());
    assert!(audit.checked >= 15, "{audit:?}");
}

/// A page that is gone, and one that another took the place of, are told and put right.
#[test]
fn a_page_that_is_missing_or_another_one_is_repaired() {
    use crate::engine::port::Tree;
    let sound = tempfile::tempdir().unwrap();
    let own = fill(sound.path(), COMMANDS);
    for (tree, removes) in [
        (Tree::Names, true),
        (Tree::Names, false),
        (Tree::Timelines, true),
        (Tree::Campaigns, true),
        (Tree::Meta, true),
        (Tree::Meta, false),
    ] {
        let when = format!("{} {}", tree.name(), if removes { "removed" } else { "replaced" });
        let dir = tempfile::tempdir().unwrap();
        let again = fill(dir.path(), COMMANDS);
        assert_eq!(again.digest(), own.digest());
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let pages = store.checkpoints.harm(tree, removes);
        assert!(pages > usize::from(!removes), "{when}: {pages}");
        drop(store);
        assert!(!findings(dir.path()).is_empty(), "{when}");
        let scratch = tempfile::tempdir().unwrap();
        let repaired = super::repair(dir.path(), scratch.path()).unwrap();
        assert_eq!(repaired.state, (own.sequence(), own.digest()), "{when}");
        assert!(!repaired.done.is_empty(), "{when}");
        assert_eq!(findings(dir.path()), Vec::<String>::new(), "{when}");
        let engine = Engine::open(dir.path(), Options::default()).unwrap();
        assert_eq!(engine.opened().replayed, 0, "{when}");
        assert_eq!(engine.snapshot().unwrap().digest(), own.digest(), "{when}");
    }
}
