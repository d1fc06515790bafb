//! Removing somebody, on a disk that fails at each operation: what is found afterwards is a whole
//! store, and the next open goes on with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::super::{bring_up, owes};
use super::StoreKeeper;
use crate::engine::port::{Frame, Journal as _, Sync, Tree};
use crate::engine::{Digest, Hurry, Keeper as _, State};
use crate::json::read_command;
use crate::store::checkpoint::{Fault, Home, KeyedPage, PageStore, unpack_all};
use crate::store::journal::{self, FileJournal};
use crate::store::{Options, Parts, StoreError, StoreId, codec};
use crate::testing::disk::{Loss, SimDisk};

const STORE: StoreId = StoreId([5; 16]);
const DIR: &str = "/erased";
const ADDRESS: &str = "zelda@acme.io";

type Key = (Option<Tree>, Vec<u8>);

/// A database of pages that never fails, and what is to take its place.
#[derive(Clone, Debug, Default)]
struct Pages {
    now: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>,
    next: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>,
}

impl Pages {
    fn copy(&self) -> Self {
        let now = self.now.lock().unwrap().clone();
        Self { now: Arc::new(Mutex::new(now)), next: Arc::default() }
    }
}

impl PageStore for Pages {
    fn insert(&self, tree: Option<Tree>, key: &[u8], page: Vec<u8>) -> Result<(), Fault> {
        self.now.lock().unwrap().insert((tree, key.to_vec()), page);
        Ok(())
    }

    fn get(&self, tree: Option<Tree>, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.now.lock().unwrap().get(&(tree, key.to_vec())).cloned())
    }

    fn remove(&self, tree: Option<Tree>, key: &[u8]) -> Result<(), Fault> {
        self.now.lock().unwrap().remove(&(tree, key.to_vec()));
        Ok(())
    }

    fn keys(&self, tree: Option<Tree>) -> Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + '_> {
        let now = self.now.lock().unwrap();
        let keys: Vec<_> = now.keys().filter(|it| it.0 == tree).map(|it| it.1.clone()).collect();
        Box::new(keys.into_iter().map(Ok))
    }

    fn pages_from(&self, tree: Tree, key: &[u8]) -> Result<Vec<KeyedPage>, Fault> {
        let now = self.now.lock().unwrap();
        let pages = now.iter().filter(|(it, _)| it.0 == Some(tree) && it.1.as_slice() >= key);
        Ok(pages.map(|(it, page)| (it.1.clone(), page.clone())).collect())
    }

    fn flush(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Home for Pages {
    fn path(&self) -> PathBuf {
        "pages".into()
    }

    fn open(&self) -> Result<Box<dyn PageStore>, Fault> {
        Ok(Box::new(self.clone()))
    }

    fn move_aside(&self) -> Result<PathBuf, StoreError> {
        self.now.lock().unwrap().clear();
        Ok("aside".into())
    }

    fn size(&self) -> u64 {
        0
    }

    fn fresh(&self) -> Result<Box<dyn Home>, StoreError> {
        self.next.lock().unwrap().clear();
        Ok(Box::new(Self { now: Arc::clone(&self.next), next: Arc::default() }))
    }

    fn swap(&self) -> Result<(), StoreError> {
        *self.now.lock().unwrap() = std::mem::take(&mut *self.next.lock().unwrap());
        Ok(())
    }
}

struct Host {
    state: State,
    journal: FileJournal,
    keeper: StoreKeeper,
}

impl Host {
    fn open(disk: &SimDisk, pages: &Pages) -> Result<Self, String> {
        let options = Options { segment_bytes: 300, base_bytes: 1, ..Options::default() };
        let parts =
            Parts::look(Arc::new(disk.clone()), (Path::new(DIR), STORE), Box::new(pages.clone()));
        let parts = parts.and_then(|it| it.open(options, None)).map_err(|it| it.to_string())?;
        let opened = bring_up(parts, None, &options).map_err(|error| error.to_string())?;
        let (state, journal, keeper, _) = opened;
        Ok(Self { state, journal, keeper })
    }

    fn tell(&mut self, fields: &str) {
        let line = format!(r#"{{"at":"2026-03-02T08:00:00Z",{fields}}}"#);
        let mut command = self.state.erasing(read_command(line.as_bytes()).unwrap());
        let applied = self.state.apply(&mut command);
        assert!(applied.journaled && applied.outcome.refusal().is_none(), "{applied:?}");
        let payload = codec::encode(&vec![command]).unwrap();
        let seq = self.state.sequence();
        let frame = Frame { first_seq: seq, last_seq: seq, payload: &payload };
        self.journal.append(&[frame], Sync::Now).unwrap();
    }

    fn digest(&self) -> Digest {
        self.state.snapshot().digest()
    }

    /// As the thread does that keeps house.
    fn finish(&mut self) -> Result<(), String> {
        let image = self.state.image();
        self.keeper.keep(&image, Hurry::Awaited)?;
        self.keeper.finish_forgetting(&image)
    }
}

/// A store with the person in compressed and plain segments, a base and two checkpoints, in which
/// it was forgotten just now.
fn forgotten() -> (SimDisk, Pages, Digest) {
    let (disk, pages) = (SimDisk::new(), Pages::default());
    FileJournal::create(&disk, &Path::new(DIR).join("journal"), &STORE.0).unwrap();
    let mut host = Host::open(&disk, &pages).unwrap();
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
    while host.keeper.tend(&image).unwrap() {}
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
