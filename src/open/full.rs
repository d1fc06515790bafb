//! What an engine does on a disk that is full, over a journal on a simulated one.

use std::path::Path;
use std::sync::Arc;

use super::{Frames, replay};
use crate::engine::port::Room;
use crate::engine::{Digest, Engine, EngineError, Idle, Opened, Parts, State};
use crate::json::read_command;
use crate::model::{Action, Command, Event, HoldKind, HoldTarget, Instant, Report};
use crate::store::base::Bases;
use crate::store::disk::Disk;
use crate::store::journal::{FileJournal, JournalOptions};
use crate::store::{Durability, Reserve, StoreId};
use crate::testing::disk::SimDisk;

const DIR: &str = "store/journal";
const RESERVE: u64 = 4 * 1024 * 1024;
const AT: &str = "2026-03-02T08:00:00Z";

fn at() -> Instant {
    AT.parse().unwrap()
}

fn command(fields: &str) -> Command {
    read_command(format!(r#"{{"at":"{AT}",{fields}}}"#).as_bytes()).unwrap()
}

/// Opens an engine over the disk, with all that its journal has.
fn open(disk: &SimDisk) -> (Engine, Arc<Reserve>) {
    let options = JournalOptions { durability: Durability::Full, segment_bytes: 256 * 1024 };
    let arc: Arc<dyn Disk> = Arc::new(disk.clone());
    let opened = FileJournal::open(Arc::clone(&arc), Path::new(DIR), [7; 16], options);
    let (mut journal, torn) = opened.unwrap();
    assert_eq!(torn, None);
    let bases = Bases::new(Arc::clone(&arc), Path::new("store/base").into(), StoreId([7; 16]));
    let reserve = Arc::new(Reserve::open(arc, Path::new("store"), RESERVE).unwrap());
    journal.keep_room(Arc::clone(&reserve));
    let mut state = State::new();
    replay(&mut journal, &mut state).unwrap();
    let parts = Parts {
        journal: Box::new(journal),
        codec: Arc::new(Frames { bases }),
        home: None,
        idle: Idle::Plans,
        keeper: None,
        checkpoint_bytes: None,
        room: Some(Arc::clone(&reserve) as Arc<dyn Room>),
        owes: false,
    };
    (Engine::start(state, parts, Opened::default()).unwrap(), reserve)
}

fn digest(engine: &Engine) -> Digest {
    engine.snapshot().unwrap().digest()
}

fn begin(engine: &Engine) {
    engine.put_policy(at(), crate::lang::Policy::default_rules()).unwrap();
    for fields in [
        r#""do":"put-sender","key":"s""#,
        r#""do":"put-campaign","key":"c","senders":["s"],"steps":[{"name":"a"}]"#,
        r#""do":"put-prospect","key":"ann@acme.io""#,
        r#""do":"put-prospect","key":"bob@acme.io""#,
        r#""do":"enroll","campaign":"c","prospect":"ann@acme.io""#,
        r#""do":"enroll","campaign":"c","prospect":"bob@acme.io""#,
    ] {
        let outcome = engine.apply(command(fields)).unwrap();
        assert!(outcome.refusal().is_none(), "{outcome:?}");
    }
}

/// A batch that takes much room, whatever else is in flight with it.
fn fat(number: usize) -> Vec<Command> {
    let name = "x".repeat(200);
    let company = |at| format!(r#""do":"put-company","key":"c{number}-{at}","name":"{name}""#);
    (0..60).map(|at| command(&company(at))).collect()
}

/// Gives commands from several threads at once until each is refused. How many were applied.
fn fill(engine: &Engine) -> usize {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                scope.spawn(move || {
                    for number in 0.. {
                        match engine.apply_batch(fat(thread * 100_000 + number)) {
                            Ok(outcomes) => {
                                assert!(outcomes.iter().all(|it| it.refusal().is_none()))
                            }
                            Err(error) => {
                                assert_eq!(error, EngineError::Full);
                                return number;
                            }
                        }
                    }
                    0
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

#[test]
fn a_full_disk_refuses_what_adds_and_takes_what_stops() {
    let disk = SimDisk::new();
    FileJournal::create(&disk, Path::new(DIR), &[7; 16]).unwrap();
    disk.set_capacity(Some(8 * 1024 * 1024));
    let (engine, reserve) = open(&disk);
    begin(&engine);
    let claimed = engine.claim(at(), 1, 60_000).unwrap();
    let token = claimed[0].token;
    assert!(engine.confirm(at(), token).unwrap().is_ok());
    let applied = fill(&engine);
    assert!(applied > 100, "{applied}");
    assert!(reserve.secured() < RESERVE, "the disk is full because the reserve was needed");
    let before = (digest(&engine), engine.snapshot().unwrap().sequence());
    // Whatever adds or sends is refused, and nothing of its batch is applied.
    for refused in [
        command(r#""do":"claim","limit":1,"lease":"1m""#),
        command(r#""do":"put-prospect","key":"cy@acme.io""#),
        command(r#""do":"put-sender","key":"s","limit-per-day":1"#),
        Command::new(at(), Action::Confirm { token }),
    ] {
        let batch = vec![Command::new(at(), Action::Advance), refused];
        assert_eq!(engine.apply_batch(batch), Err(EngineError::Full));
    }
    let unchanged = (digest(&engine), engine.snapshot().unwrap().sequence());
    assert_eq!(unchanged, before);
    // What stops, and what became of what left, is taken.
    let sent = engine.report(at(), token, Report::Sent { at: at() }).unwrap();
    assert!(sent.refusal().is_none(), "{sent:?}");
    let opt_out = Event::new("opt-out", "e1").prospect("bob@acme.io");
    assert!(engine.record(at(), opt_out).unwrap().refusal().is_none());
    let hold = Command::new(
        at(),
        Action::Hold {
            target: HoldTarget::Prospect("bob@acme.io".to_owned()),
            kind: HoldKind::Pause,
            until: None,
            reason: None,
        },
    );
    let held = engine.apply(hold.by("ann")).unwrap();
    assert!(held.refusal().is_none(), "{held:?}");
    let (full, sequence) = (digest(&engine), engine.snapshot().unwrap().sequence());
    assert_ne!(full, before.0);
    engine.close().unwrap();
    // Nothing is lost, also where power is; and it opens while the disk is still full.
    let after = disk.lose_power(crate::testing::disk::Loss::Everything);
    for disk in [&after, &disk] {
        let (engine, _) = open(disk);
        assert_eq!((digest(&engine), engine.snapshot().unwrap().sequence()), (full, sequence));
        let refused = engine.apply(command(r#""do":"put-prospect","key":"cy@acme.io""#));
        assert_eq!(refused, Err(EngineError::Full));
        // Once there is room it goes on by itself.
        disk.set_capacity(Some(64 * 1024 * 1024));
        let taken = engine.apply(command(r#""do":"put-prospect","key":"cy@acme.io""#)).unwrap();
        assert!(taken.refusal().is_none(), "{taken:?}");
        assert_eq!(engine.apply_batch(fat(0)).unwrap().len(), 60);
        let digest = digest(&engine);
        engine.close().unwrap();
        assert_eq!(self::digest(&open(disk).0), digest);
    }
}

#[test]
fn even_what_stops_is_refused_before_what_is_kept_for_the_close_is_touched() {
    let disk = SimDisk::new();
    FileJournal::create(&disk, Path::new(DIR), &[7; 16]).unwrap();
    disk.set_capacity(Some(6 * 1024 * 1024));
    let (engine, reserve) = open(&disk);
    begin(&engine);
    fill(&engine);
    let mut last = None;
    for batch in 0..10_000 {
        let id = |number| format!("{batch}-{number}-{}", "x".repeat(200));
        let event = |number| Event::new("open", id(number)).prospect("bob@acme.io");
        let events = (0..100).map(|it| Command::new(at(), Action::Record(event(it)))).collect();
        match engine.apply_batch(events) {
            Ok(outcomes) => assert!(outcomes.iter().all(|it| it.refusal().is_none())),
            Err(error) => {
                last = Some((batch > 20, error));
                break;
            }
        }
    }
    assert_eq!(last, Some((true, EngineError::Full)), "much, and there is an end to it");
    let (digest, left) = (digest(&engine), reserve.secured());
    assert!(left > 0, "{left}");
    engine.close().unwrap();
    assert_eq!(self::digest(&open(&disk).0), digest);
}

/// What a policy brings of the past is known when it has been read, and may be more than all that
/// is kept: then room for it is looked for before it is applied.
#[test]
fn a_policy_with_more_of_the_past_than_there_is_room_for_is_refused() {
    let disk = SimDisk::new();
    FileJournal::create(&disk, Path::new(DIR), &[7; 16]).unwrap();
    let (engine, reserve) = open(&disk);
    begin(&engine);
    for person in 0..40 {
        let key = format!("p{person}@acme.io");
        let put = format!(r#""do":"put-prospect","key":"{key}""#);
        let event = |at| Event::new("open", format!("{person}-{at}")).prospect(key.as_str());
        let events = (0..1500).map(|it| Command::new(at(), Action::Record(event(it))));
        let outcomes = engine.apply_batch([command(&put)].into_iter().chain(events).collect());
        assert!(outcomes.unwrap().iter().all(|it| it.refusal().is_none()));
    }
    let policy = || {
        let mut policy = crate::lang::Policy::default_rules();
        policy.files[0].text = r#"policy 1

rule often "Opens a lot" {
  on open
  when count(open at prospect in 30d) >= 4000
  pause prospect
}
"#
        .to_owned();
        policy
    };
    disk.set_capacity(Some(disk.used() + 1024));
    let before = digest(&engine);
    assert_eq!(engine.put_policy(at(), policy()), Err(EngineError::Full));
    assert_eq!((digest(&engine), reserve.secured()), (before, RESERVE));
    disk.set_capacity(None);
    let published = engine.put_policy(at(), policy()).unwrap();
    assert!(published.refusal().is_none(), "{published:?}");
    let after = digest(&engine);
    engine.close().unwrap();
    assert_eq!(digest(&open(&disk).0), after);
}
