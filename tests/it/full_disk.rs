//! An engine on a file system that is full: a real one, a few megabytes in memory, which the
//! process below mounts for itself alone.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

use holdline::json::read_command;
use holdline::{Action, Command, Digest, Engine, EngineError, Event, Options, Policy, Report};

/// Tells the child where to mount.
const DIRECTORY: &str = "HOLDLINE_FULL_DISK";
/// Set where no mount is allowed, so that leaving this out is somebody's choice.
const NO_MOUNT: &str = "HOLDLINE_NO_MOUNT";
const SIZE: &str = "size=40m";
const AT: &str = "2026-03-02T08:00:00Z";

fn command(fields: &str) -> Command {
    read_command(format!(r#"{{"at":"{AT}",{fields}}}"#).as_bytes()).unwrap()
}

fn open(path: &Path) -> Engine {
    let mut options = Options::default();
    options.reserve_bytes = 8 * 1024 * 1024;
    options.segment_bytes = 4 * 1024 * 1024;
    Engine::open(path, options).unwrap()
}

fn digest(engine: &Engine) -> Digest {
    engine.snapshot().unwrap().digest()
}

fn companies(first: usize) -> Vec<Command> {
    let name = "x".repeat(200);
    let of = |at| command(&format!(r#""do":"put-company","key":"c{first}-{at}","name":"{name}""#));
    (0..200).map(of).collect()
}

/// Gives commands from several threads until each is refused.
fn fill(engine: &Engine, from: usize) {
    std::thread::scope(|scope| {
        for thread in 0..3 {
            scope.spawn(move || {
                let mut batches = (0..10_000).map(|at| companies(from + thread * 10_000 + at));
                let refused = batches.find_map(|batch| engine.apply_batch(batch).err());
                assert_eq!(refused, Some(EngineError::Full));
            });
        }
    });
}

/// Not a test of its own: what the test below does where the file system is small.
#[test]
fn on_a_small_file_system() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let dir = PathBuf::from(dir).join("data");
    let engine = open(&dir);
    let at = AT.parse().unwrap();
    engine.put_policy(at, Policy::default_rules()).unwrap();
    for fields in [
        r#""do":"put-sender","key":"s""#,
        r#""do":"put-campaign","key":"c","senders":["s"],"steps":[{"name":"a"}]"#,
        r#""do":"put-prospect","key":"ann@acme.io""#,
        r#""do":"enroll","campaign":"c","prospect":"ann@acme.io""#,
    ] {
        assert!(engine.apply(command(fields)).unwrap().refusal().is_none());
    }
    let token = engine.claim(at, 1, 60_000).unwrap()[0].token;
    assert!(engine.confirm(at, token).unwrap().is_ok());
    // What others keep there, so that it is full soon, and what makes room later.
    let ballast = dir.with_file_name("ballast");
    std::fs::write(&ballast, vec![1; 12 * 1024 * 1024]).unwrap();
    fill(&engine, 0);
    let before = digest(&engine);
    let claim = command(r#""do":"claim","limit":1,"lease":"1m""#);
    assert_eq!(engine.apply(claim.clone()), Err(EngineError::Full));
    assert_eq!(engine.confirm(at, token), Err(EngineError::Full));
    assert_eq!(digest(&engine), before);
    let sent = engine.report(at, token, Report::Sent { at }).unwrap();
    assert!(sent.refusal().is_none(), "{sent:?}");
    let opt_out = Event::new("opt-out", "e1").prospect("ann@acme.io");
    assert!(engine.record(at, opt_out).unwrap().refusal().is_none());
    let full = digest(&engine);
    assert_ne!(full, before);
    // The checkpoint may not find its room; the journal was closed in order even so.
    let closed = engine.close();
    assert!(matches!(closed, Ok(()) | Err(EngineError::Checkpoint { .. })), "{closed:?}");
    assert!(dir.join("journal/closed").exists());
    let engine = open(&dir);
    assert_eq!(digest(&engine), full, "{:?}", engine.opened());
    std::fs::remove_file(&ballast).unwrap();
    assert!(engine.apply(claim).unwrap().refusal().is_none());
    assert!(engine.apply(Command::new(at, Action::Advance)).unwrap().refusal().is_none());
    fill(&engine, 100_000);
    let last = digest(&engine);
    drop(engine);
    assert_eq!(digest(&open(&dir)), last);
    println!("all of it held");
}

/// Runs the above with a file system of its own, as an ordinary user or as root.
fn on_a_mount(dir: &Path, namespaces: &str) -> Output {
    let script = format!(
        "mount -t tmpfs -o {SIZE} tmpfs \"${DIRECTORY}\" || exit 77; \
         exec \"$0\" --exact full_disk::on_a_small_file_system --nocapture"
    );
    let mut process = Process::new("unshare");
    process.args([namespaces, "sh", "-c", &script]).arg(std::env::current_exe().unwrap());
    process.env(DIRECTORY, dir).output().expect("`unshare`, of util-linux")
}

/// Somebody chose to leave it out, and is told so.
fn is_left_out() -> bool {
    let chosen = std::env::var_os(NO_MOUNT).is_some();
    if chosen {
        println!("`{NO_MOUNT}` is set: no file system was filled");
    }
    chosen
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_file_system_stops_what_adds_and_loses_nothing() {
    if is_left_out() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut told = String::new();
    for namespaces in ["-Urm", "-m"] {
        let output = on_a_mount(dir.path(), namespaces);
        let (out, err) = (&output.stdout, &output.stderr);
        let said = format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
        if output.status.success() {
            assert!(said.contains("all of it held"), "{said}");
            return;
        }
        assert!(!said.contains("panicked"), "{said}");
        told += &said;
    }
    panic!("no file system can be mounted here ({told}); `{NO_MOUNT}=1` leaves this out");
}
