//! Removing somebody, on a disk that fails at each operation: what is found afterwards is a whole
//! store, and the next open goes on with it.

use std::path::Path;
use std::sync::Arc;

use super::super::host::{DIR, Host, Pages, STORE};
use super::super::owes;
use crate::engine::port::Journal as _;
use crate::engine::{Digest, Hurry, Keeper as _};
use crate::store::checkpoint::unpack_all;
use crate::store::journal;
use crate::testing::disk::{Loss, SimDisk};

const ADDRESS: &str = "zelda@acme.io";

/// A store with the person in compressed and plain segments, a base and two checkpoints, in which
/// it was forgotten just now.
fn forgotten() -> (SimDisk, Pages, Digest) {
    let (disk, pages) = (SimDisk::new(), Pages::default());
    let mut host = Host::create(&disk, &pages);
    for fields in [
        r#""do":"put-sender","key":"s1""#.to_owned(),
        r#""do":"put-campaign","key":"c","senders":["s1"],"steps":[{"name":"a"}]"#.to_owned(),
        format!(r#""do":"put-prospect","key":"{ADDRESS}","tags":["rare"]"#),
        r#""do":"put-prospect","key":"bob@acme.io""#.to_owned(),
        format!(r#""do":"enroll","campaign":"c","prospect":"{ADDRESS}""#),
        r#""do":"enroll","campaign":"c","prospect":"bob@acme.io""#.to_owned(),
        format!(r#""do":"pause","prospect":"bob@acme.io","reason":"as {ADDRESS} said""#),
    ] {
        host.tell(&fields);
    }
    let image = host.state.image();
    host.keeper.keep(&image, Hurry::Awaited).unwrap();
    host.keeper.keep_base(&image).unwrap();
    while host.keeper.tend(&mut || Ok(image.clone())).unwrap() {}
    for number in 0..5 {
        host.tell(&format!(r#""do":"pause","prospect":"{ADDRESS}","reason":"{number}""#));
    }
    host.keeper.keep(&host.state.image(), Hurry::Awaited).unwrap();
    host.tell(&format!(r#""do":"forget","prospect":"{ADDRESS}""#));
    host.journal.end_segment().unwrap();
    host.tell(r#""do":"advance""#);
    let digest = host.digest();
    (disk, pages, digest)
}

/// Where the address is: in the bytes of files, or in what they have compressed.
fn places(disk: &SimDisk, pages: &Pages) -> Vec<String> {
    let has = |bytes: &[u8]| bytes.windows(ADDRESS.len()).any(|it| it == ADDRESS.as_bytes());
    let mut found = Vec::new();
    for path in disk.paths() {
        if has(&disk.bytes(&path).unwrap()) {
            found.push(path.display().to_string());
        }
    }
    let dir = Path::new(DIR).join("journal");
    journal::unpacked(disk, &dir, STORE.0, &mut |path, _, bytes| {
        if has(bytes) {
            found.push(format!("{} unpacked", path.display()));
        }
    })
    .unwrap();
    let bases =
        crate::store::base::Bases::new(Arc::new(disk.clone()), Path::new(DIR).join("base"), STORE);
    for base in bases.list().unwrap() {
        let mut there = false;
        bases.read(base.seq).unwrap().each_value(&mut |value| there |= has(value)).unwrap();
        found.extend(there.then(|| format!("base {}", base.seq)));
    }
    let values = unpack_all(Box::new(pages.clone()), STORE);
    found.extend(values.iter().any(|value| has(value)).then(|| "checkpoints".to_owned()));
    found
}

/// Brings a store up, finishes, and looks: the state is what it was, with checkpoints and without.
fn finishes(disk: &SimDisk, pages: &Pages, digest: Digest, when: &str) {
    let mut host = Host::open(disk, pages).unwrap_or_else(|error| panic!("{when}: {error}"));
    assert_eq!(host.digest(), digest, "{when}");
    host.finish().unwrap_or_else(|error| panic!("{when}: {error}"));
    assert!(!owes(&host.state, &host.journal), "{when}");
    host.journal.close().unwrap();
    assert_eq!(places(disk, pages), Vec::<String>::new(), "{when}");
    for pages in [pages.clone(), Pages::default()] {
        let host = Host::open(disk, &pages).unwrap_or_else(|error| panic!("{when}: {error}"));
        assert_eq!(host.digest(), digest, "{when}");
    }
}

#[test]
fn whatever_operation_fails_the_next_open_goes_on_with_it() {
    let (disk, pages, digest) = forgotten();
    let before = places(&disk, &pages);
    for place in [".seg", "unpacked", "base ", "checkpoints"] {
        assert!(before.iter().any(|it| it.contains(place)), "{place}: {before:?}");
    }
    finishes(&disk.copy(), &pages.copy(), digest, "nothing failed");
    let mut failures = 0;
    for operation in 0.. {
        let (trying, its_pages) = (disk.copy(), pages.copy());
        let begun = trying.operations();
        trying.fail_at(begun + operation, operation % 2 == 0);
        let done = Host::open(&trying, &its_pages).and_then(|mut host| host.finish());
        if trying.operations() <= begun + operation {
            done.unwrap();
            break;
        }
        failures += 1;
        for loss in [Loss::Nothing, Loss::Everything, Loss::Some(operation)] {
            let when = format!("operation {operation} failed, then power with {loss:?}");
            finishes(&trying.lose_power(loss), &its_pages.copy(), digest, &when);
        }
    }
    assert!(failures > 60, "{failures}");
}

/// The host goes on after a failure, and whoever closes it is told of it; then it is done again.
#[test]
fn after_a_failure_it_is_tried_again() {
    let (disk, pages, digest) = forgotten();
    let mut host = Host::open(&disk, &pages).unwrap();
    disk.fail_at(disk.operations() + 12, false);
    assert!(host.finish().is_err());
    host.tell(r#""do":"put-company","key":"later.example""#);
    host.finish().unwrap();
    host.journal.close().unwrap();
    assert_eq!(places(&disk, &pages), Vec::<String>::new());
    assert_ne!(host.digest(), digest);
    assert_eq!(Host::open(&disk, &pages).unwrap().digest(), host.digest());
}
