//! Each operation of a backup and of a restore fails in its turn, on a disk that then loses power:
//! the store that is backed up is as it was, and what is restored is a moment of it or nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Restored, restore_parts, write_backup};
use crate::engine::port::{Frame, Journal, Sync};
use crate::engine::{Digest, State};
use crate::model::{Command, Instant};
use crate::open::recover::{from_base, replay};
use crate::store::base::Bases;
use crate::store::disk::Disk;
use crate::store::journal::{FileJournal, JournalOptions};
use crate::store::{BASES, Durability, StoreId, codec};
use crate::testing::disk::{Loss, SimDisk};
use crate::testing::kill::batch;

const STORE: StoreId = StoreId([5; 16]);
const OPTIONS: JournalOptions =
    JournalOptions { durability: Durability::Full, segment_bytes: 3_000 };

fn dir(name: &str) -> PathBuf {
    Path::new("/").join(name)
}

/// A store that goes on.
struct Host {
    disk: SimDisk,
    state: State,
    journal: FileJournal,
    batches: u64,
}

impl Host {
    fn new() -> Self {
        let disk = SimDisk::new();
        let place = dir("store").join("journal");
        FileJournal::create(&disk, &place, &STORE.0).unwrap();
        let opened = FileJournal::open(Arc::new(disk.clone()), &place, STORE.0, OPTIONS);
        Self { disk, state: State::new(), journal: opened.unwrap().0, batches: 0 }
    }

    /// Applies and keeps so many batches.
    fn go_on(&mut self, batches: u64) {
        for _ in 0..batches {
            let first_seq = self.state.sequence() + 1;
            let mut commands: Vec<Command> = batch(self.batches);
            commands.retain_mut(|command| self.state.apply(command).journaled);
            let payload = codec::encode(&commands).unwrap();
            let last_seq = self.state.sequence();
            let frame = Frame { first_seq, last_seq, payload: &payload };
            self.journal.append(&[frame], Sync::Now).unwrap();
            self.batches += 1;
        }
    }

    fn moment(&self) -> (u64, Digest) {
        (self.state.sequence(), self.state.snapshot().digest())
    }

    fn backup(&self, disk: &SimDisk) -> Result<super::Backup, String> {
        let image = self.state.image();
        let (from, to) = (dir("store"), dir("copy"));
        write_backup(&as_disk(disk), (&from, &to), STORE, &image, true)
            .map_err(|error| error.to_string())
    }
}

fn as_disk(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn restored(disk: &SimDisk, to: &str) -> Result<Restored, String> {
    let paths = (dir("copy"), dir(to));
    restore_parts(&as_disk(disk), (&paths.0, &paths.1), STORE, Instant::MIN)
        .map_err(|error| error.to_string())
}

/// What a store that was restored is opened as: by its base and its journal.
fn opened(disk: &SimDisk, name: &str) -> (u64, Digest) {
    let bases = Bases::new(as_disk(disk), dir(name).join(BASES), STORE);
    let newest = bases.list().unwrap()[0].seq;
    let mut state = from_base(&bases, newest).unwrap();
    let journal = dir(name).join("journal");
    let (mut journal, _) = FileJournal::open(as_disk(disk), &journal, STORE.0, OPTIONS).unwrap();
    replay(&mut journal, &mut state).unwrap();
    (state.sequence(), state.snapshot().digest())
}

const LOSSES: [Loss; 4] = [Loss::Nothing, Loss::Everything, Loss::Some(3), Loss::Some(0x5eed_5eed)];

/// Whatever operation of it fails, and whatever of it a loss of power takes: the journal that it
/// was taken of is whole, an earlier backup is there or the one after it, and the next one goes on.
#[test]
fn a_backup_that_fails_anywhere_leaves_the_one_before_it_or_is_whole() {
    for earlier in [false, true] {
        let mut host = Host::new();
        host.go_on(12);
        let mut moments = BTreeMap::new();
        if earlier {
            host.backup(&host.disk).unwrap();
            moments.extend([host.moment()]);
        }
        host.go_on(9);
        let before = host.disk.copy();
        moments.extend([host.moment()]);
        let (mut operation, mut failed) = (0, 0);
        loop {
            let disk = before.copy();
            disk.fail_at(operation, operation.is_multiple_of(2));
            let taken = host.backup(&disk);
            for loss in LOSSES {
                let when = format!("earlier: {earlier}; operation {operation}, then {loss:?}");
                let after = disk.lose_power(loss);
                let found = restored(&after, "again");
                match &found {
                    Ok(found) => {
                        let expected = moments.get(&found.sequence);
                        assert_eq!(expected, Some(&found.digest), "{when}");
                    }
                    Err(error) => {
                        assert!(!earlier, "{when}: {error}");
                        assert!(taken.is_err(), "{when}: {error}");
                    }
                }
                if taken.is_ok() {
                    let sequence = found.map(|found| found.sequence);
                    assert_eq!(sequence, Ok(host.state.sequence()), "{when}");
                }
                // The store is as it was, and the next backup of it is whole.
                let source = dir("store").join("journal");
                let whole = crate::store::journal::check(&as_disk(&after), &source, STORE.0);
                assert!(whole.unwrap().findings.is_empty(), "{when}");
                host.backup(&after).map_err(|error| format!("{when}: {error}")).unwrap();
                let next = restored(&after, "next").unwrap();
                assert_eq!((next.sequence, next.digest), host.moment(), "{when}");
            }
            if taken.is_ok() && disk.operations() <= operation {
                break;
            }
            failed += u64::from(taken.is_err());
            operation += 1;
        }
        assert!(failed > 10, "{failed} operations of {operation} failed");
    }
}

/// Whatever operation of it fails: nothing counts as a store, the backup is as it was, and the same
/// once more makes a store of it. What it says is made is there after any loss of power.
#[test]
fn a_restore_that_fails_anywhere_leaves_its_backup_whole() {
    let mut host = Host::new();
    host.go_on(21);
    host.backup(&host.disk).unwrap();
    let before = host.disk.copy();
    let expected = restored(&before.copy(), "again").unwrap();
    let (mut operation, mut failed) = (0, 0);
    let mut after_it = None;
    loop {
        let disk = before.copy();
        disk.fail_at(operation, operation.is_multiple_of(2));
        let made = restored(&disk, "again");
        for loss in LOSSES {
            let when = format!("operation {operation}, then {loss:?}");
            let after = disk.lose_power(loss);
            assert_eq!(restored(&after, "elsewhere"), Ok(expected), "{when}");
            if made.is_ok() {
                let opened = opened(&after, "again");
                assert_eq!(*after_it.get_or_insert(opened), opened, "{when}");
            }
        }
        if disk.operations() <= operation {
            assert_eq!(made, Ok(expected));
            break;
        }
        failed += u64::from(made.is_err());
        operation += 1;
    }
    assert!(failed > 15, "{failed} operations of {operation} failed");
    let commands = after_it.unwrap().0 - expected.sequence;
    assert_eq!(commands, 2, "that it was opened, and what may have gone out");
}
