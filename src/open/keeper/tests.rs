//! Turns: whatever one of the things that have time has to do, the others come to theirs.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::engine::port::Journal as _;
use crate::open::host::{DIR, Host, Pages};
use crate::testing::disk::SimDisk;

/// A checkpoint, a base if one is due, and so many things after that, long after all of it was
/// written.
fn keep(host: &mut Host, things: usize) {
    let image = host.state.image();
    host.keeper.keep(&image, Hurry::Awaited).unwrap();
    host.keeper.keep_base(&image).unwrap();
    let later = SystemTime::now() + Duration::from_secs(365 * 24 * 60 * 60);
    for _ in 0..things {
        host.keeper.take_turns(&mut || Ok(image.clone()), later).unwrap();
    }
}

fn segments(host: &Host) -> (usize, usize) {
    let segments = host.keeper.house.archivist.segments().unwrap();
    (segments.len(), segments.iter().filter(|segment| !segment.compressed).count())
}

/// A store under load that never ended kept all of its journal: after each checkpoint there was
/// a segment to be compressed before a base, and then the next checkpoint was due.
#[test]
fn a_base_does_not_wait_until_everything_is_compressed() {
    let mut host = Host::create(&SimDisk::new(), &Pages::default());
    for number in 0..20 {
        host.tell(&format!(r#""do":"put-sender","key":"s{number}","limit-per-day":9"#));
    }
    let before = segments(&host);
    assert!(before.1 > 3, "{before:?}");
    keep(&mut host, 0);
    assert_eq!((host.keeper.house.bases.list().unwrap().len(), segments(&host)), (1, before));
    keep(&mut host, 1);
    assert_eq!(segments(&host), (before.0, before.1 - 1));
}

/// A store that forgot somebody each quarter of a minute kept all of its journal as well: removing
/// them came before everything else, a segment at a time, and there was always somebody. It also
/// left no base but the newest, and history began with none but the one before that.
#[test]
fn a_store_that_always_has_somebody_to_remove_trims_its_journal() {
    let disk = SimDisk::new();
    let mut host = Host::create(&disk, &Pages::default());
    let mut most = 0;
    for number in 0..60 {
        let person = format!("p{number}@acme.io");
        host.tell(&format!(r#""do":"put-prospect","key":"{person}""#));
        for reason in 0..5 {
            host.tell(&format!(r#""do":"pause","prospect":"{person}","reason":"{reason}""#));
        }
        host.tell(&format!(r#""do":"forget","prospect":"{person}""#));
        host.journal.end_segment().unwrap();
        host.tell(r#""do":"advance""#);
        keep(&mut host, 3);
        most = most.max(segments(&host).0);
    }
    assert!(most < 10, "{most} segments");
    assert!(host.keeper.house.bases.list().unwrap().len() <= 3);
    host.finish().unwrap();
    let dir = Path::new(DIR);
    let left = disk.paths().into_iter().filter(|path| path.starts_with(dir)).count();
    assert!(left < most + 10, "{left} files");
}
