//! Writing a checkpoint: the records that changed since the one before, the directory of all, and
//! the manifest that makes them count; then what no checkpoint has any more goes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::directory::Place;
use super::page::{self, CHECKPOINT_VERSION, MANIFEST_TAG, MAX_KEY, Manifest};
use super::{Checkpoints, Fault, Listed, damaged, decode, failed};
use crate::engine::port::{ImageError, ImageWriter, Tree};
use crate::store::codec;
use crate::store::pace::{Pace, Rests};

/// The most bytes that may be kept beside a manifest.
pub const MAX_META: usize = 16 * 1024;
/// How many checkpoints are kept: the newest, and one to fall back to.
const KEPT: usize = 2;
/// Epochs that are reserved at once: a number that a checkpoint may have used is never used again,
/// or what an unfinished one left behind could be taken for a later one's.
const RESERVED: u64 = 1024;

/// What is made durable at a time, at a gentle pace: a sync of the journal waits for what is being
/// written beside it, so this is small.
const UNSYNCED_BYTES: usize = 32 << 10;
/// About what removing a record writes.
const REMOVED_BYTES: usize = 128;

/// What an image is written on top of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// Nothing: every record is put.
    Nothing,
    /// The newest checkpoint: what is not put or removed is as it is there.
    Newest,
}

impl Checkpoints {
    /// Writes a checkpoint of the state as of command `seq`, which has to be durable in the
    /// journal already. It exists from the moment this returns, and not before; older ones than the
    /// one before it are removed.
    ///
    /// # Errors
    /// What `fill` answers, and [`ImageError::Failed`], after which no further one is written.
    pub fn write(
        &mut self,
        (seq, onto, pace): (u64, Onto, Pace),
        meta: &[u8],
        fill: impl FnOnce(&mut Writer<'_>) -> Result<(), ImageError>,
    ) -> Result<Manifest, ImageError> {
        if let Some(cause) = &self.poison {
            let what = format!("checkpoints stopped after an earlier failure: {cause}");
            return Err(ImageError::Failed { what });
        }
        let result = self.write_all((seq, onto, pace), meta, fill);
        self.untidy |= result.is_err();
        if let Err(ImageError::Failed { what }) = &result {
            self.poison = Some(what.clone());
        }
        result
    }

    fn write_all(
        &mut self,
        (seq, onto, pace): (u64, Onto, Pace),
        meta: &[u8],
        fill: impl FnOnce(&mut Writer<'_>) -> Result<(), ImageError>,
    ) -> Result<Manifest, ImageError> {
        if meta.len() > MAX_META {
            let what = format!("expected at most {MAX_META} bytes, found {}", meta.len());
            return Err(ImageError::Refused { tree: Tree::Meta.name(), what });
        }
        let epoch = self.begin_epoch().map_err(failed)?;
        let base = self.listed.first().filter(|_| onto == Onto::Newest);
        let mut writer = Writer {
            checkpoints: self,
            base,
            epoch,
            changes: BTreeMap::new(),
            body: Vec::new(),
            steps: Steps::new(&pace),
        };
        fill(&mut writer)?;
        let (changes, mut steps) = (writer.changes, writer.steps);
        let mut directory = base.map(|base| base.directory.clone()).unwrap_or_default();
        let mut superseded = Vec::new();
        for ((tree, key), put) in changes {
            superseded.extend(match put {
                true => directory.set(Place { tree, key, epoch }),
                false => directory.remove(tree, &key),
            });
        }
        for tree in Tree::ALL {
            let key = page::directory_key(page::tag(tree));
            let place = Place { tree: Tree::Meta, key: key.into(), epoch };
            let mut body = Vec::new();
            self.keep(&place, &directory.pack(tree, epoch), &mut body)?;
            steps.step(self, body.len()).map_err(failed)?;
        }
        let manifest = Manifest {
            version: CHECKPOINT_VERSION,
            epoch,
            seq,
            store: self.store.0,
            meta: meta.to_vec(),
            trees: Tree::ALL.map(|tree| (page::tag(tree), directory.count(tree))).to_vec(),
        };
        self.database.flush().map_err(failed)?;
        let key = page::manifest_key(epoch);
        let body =
            codec::encode(&manifest).map_err(|error| damaged(Tree::Meta, error.to_string()))?;
        let sealed = page::seal(MANIFEST_TAG, 0, &key, &body);
        self.database
            .insert(Some(Tree::Meta), &key, sealed)
            .and_then(|()| self.database.flush())
            .map_err(failed)?;
        if onto == Onto::Nothing {
            let before = self.listed.first();
            superseded = before.map_or_else(Vec::new, |it| it.directory.besides(&directory));
        }
        self.listed.insert(0, Listed { manifest: manifest.clone(), directory });
        self.tidy(superseded, &mut steps).map_err(failed)?;
        Ok(manifest)
    }

    /// The number of a new checkpoint, which no other ever had.
    fn begin_epoch(&mut self) -> Result<u64, Fault> {
        let epoch = self.next_epoch;
        if epoch >= self.reserved {
            let reserved = epoch.saturating_add(RESERVED);
            self.set_number(&page::RESERVED_KEY, reserved)?;
            self.database.flush()?;
            self.reserved = reserved;
        }
        self.next_epoch = epoch.saturating_add(1);
        // What this one writes is nobody's until it is finished.
        self.database.remove(Some(Tree::Meta), &page::TIDY_KEY)?;
        Ok(epoch)
    }

    /// Keeps a value under its key, in pieces.
    fn keep<T: Serialize>(
        &self,
        place: &Place,
        value: &T,
        body: &mut Vec<u8>,
    ) -> Result<(), ImageError> {
        let Place { tree, key, epoch } = place;
        let refused = |what: String| ImageError::Refused { tree: tree.name(), what };
        if key.is_empty() || key.len() > MAX_KEY {
            let what = format!("expected a key of 1 to {MAX_KEY} bytes, found {}", key.len());
            return Err(refused(what));
        }
        body.clear();
        codec::encode_into(value, body).map_err(|error| refused(error.to_string()))?;
        let (tag, kept) = (page::tag(*tree), page::pack(body));
        let Some((first, later)) = page::pieces(&kept) else {
            return Err(refused(format!("its value has {} bytes", body.len())));
        };
        let mut count = 0_u16;
        // The first piece comes last: it says how many there are.
        for piece in later {
            count = count.saturating_add(1);
            let piece_key = page::piece_key(tag, key, *epoch, count);
            let sealed = page::seal(tag, 0, &piece_key, piece);
            self.database.insert(None, &piece_key, sealed).map_err(failed)?;
        }
        let full_key = page::record_key(key, *epoch);
        let sealed = page::seal(tag, count, &full_key, first);
        self.database.insert(Some(*tree), &full_key, sealed).map_err(failed)
    }

    fn set_number(&self, key: &[u8], number: u64) -> Result<(), Fault> {
        let sealed = page::seal(MANIFEST_TAG, 0, key, &number.to_be_bytes());
        self.database.insert(Some(Tree::Meta), key, sealed)
    }

    /// Removes everything that belongs to no checkpoint that is kept; `superseded` is what only
    /// the one before the newest still has.
    fn tidy(&mut self, superseded: Vec<Place>, steps: &mut Steps) -> Result<(), Fault> {
        let newest = self.listed.first().map_or(0, |listed| listed.manifest.epoch);
        let older = self.listed.split_off(KEPT.min(self.listed.len()));
        let bad = std::mem::take(&mut self.bad);
        let epochs = older.iter().map(|listed| listed.manifest.epoch).chain(bad);
        for epoch in epochs {
            self.database.remove(Some(Tree::Meta), &page::manifest_key(epoch))?;
            for tree in Tree::ALL {
                let key = page::directory_key(page::tag(tree)).into();
                self.remove_record(&Place { tree: Tree::Meta, key, epoch })?;
            }
        }
        for place in std::mem::replace(&mut self.superseded, superseded) {
            self.remove_record(&place)?;
            steps.step(self, REMOVED_BYTES)?;
        }
        if self.untidy {
            self.sweep()?;
            self.untidy = false;
        }
        self.set_number(&page::TIDY_KEY, newest)
    }

    fn remove_record(&self, place: &Place) -> Result<(), Fault> {
        let Place { tree, key, epoch } = place;
        let (tag, full_key) = (page::tag(*tree), page::record_key(key, *epoch));
        let Some(sealed) = self.database.get(Some(*tree), &full_key)? else {
            return Ok(());
        };
        let later = page::unseal(tag, &full_key, &sealed).map_or(0, |(later, _)| later);
        self.database.remove(Some(*tree), &full_key)?;
        (1..=later).try_for_each(|piece| {
            self.database.remove(None, &page::piece_key(tag, key, *epoch, piece))
        })
    }

    /// Looks for records that no checkpoint has: an unfinished one may have left them behind.
    fn sweep(&self) -> Result<(), Fault> {
        let is_kept = |tree: Tree, key: &[u8], epoch: u64| {
            self.listed.iter().any(|listed| {
                let own = tree == Tree::Meta && page::is_directory(key);
                let of = listed.directory.epoch(tree, key);
                of == Some(epoch) || (own && listed.manifest.epoch == epoch)
            })
        };
        for tree in Tree::ALL {
            for full_key in self.database.keys(Some(tree)) {
                let full_key = full_key?;
                let kept = match page::split_key(&full_key) {
                    _ if tree == Tree::Meta && page::is_own(&full_key) => true,
                    Some((key, epoch)) => is_kept(tree, key, epoch),
                    None => false,
                };
                if !kept {
                    self.database.remove(Some(tree), &full_key)?;
                }
            }
        }
        for full_key in self.database.keys(None) {
            let full_key = full_key?;
            let kept = page::split_piece_key(&full_key).is_some_and(|(tag, key, epoch)| {
                let tree = Tree::ALL.into_iter().find(|tree| page::tag(*tree) == tag);
                tree.is_some_and(|tree| is_kept(tree, key, epoch))
            });
            if !kept {
                self.database.remove(None, &full_key)?;
            }
        }
        Ok(())
    }
}

/// Takes the records of one checkpoint.
#[derive(Debug)]
pub struct Writer<'a> {
    checkpoints: &'a Checkpoints,
    /// The checkpoint that it is written on top of.
    base: Option<&'a Listed>,
    epoch: u64,
    /// Whether a record was put or removed.
    changes: BTreeMap<(Tree, Box<[u8]>), bool>,
    body: Vec<u8>,
    steps: Steps,
}

/// Has a checkpoint that is written beside commands rest, and be made durable, a little at a time:
/// so that no commit waits long behind it.
#[derive(Debug)]
struct Steps {
    rests: Rests,
    syncs: bool,
    unsynced: usize,
}

impl Steps {
    fn new(pace: &Pace) -> Self {
        let syncs = matches!(pace, Pace::Gentle(_));
        Self { rests: Rests::new(pace), syncs, unsynced: 0 }
    }

    /// To be called after each little piece of work, with how much that has written.
    fn step(&mut self, checkpoints: &Checkpoints, bytes: usize) -> Result<(), Fault> {
        self.unsynced += bytes;
        if self.syncs && self.unsynced >= UNSYNCED_BYTES {
            self.unsynced = 0;
            checkpoints.database.flush()?;
        }
        self.rests.rest();
        Ok(())
    }
}

impl Writer<'_> {
    fn note(&mut self, tree: Tree, key: &[u8], put: bool) -> Result<(), ImageError> {
        if self.changes.insert((tree, key.into()), put).is_some() {
            let what = "its key is there already".to_owned();
            return Err(ImageError::Refused { tree: tree.name(), what });
        }
        Ok(())
    }
}

impl ImageWriter for Writer<'_> {
    fn put<T: Serialize>(&mut self, tree: Tree, key: &[u8], value: &T) -> Result<(), ImageError> {
        self.note(tree, key, true)?;
        let place = Place { tree, key: key.into(), epoch: self.epoch };
        self.checkpoints.keep(&place, value, &mut self.body)?;
        self.steps.step(self.checkpoints, self.body.len()).map_err(failed)
    }

    fn remove(&mut self, tree: Tree, key: &[u8]) -> Result<(), ImageError> {
        self.note(tree, key, false)
    }

    fn before<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        key: &[u8],
    ) -> Result<Option<T>, ImageError> {
        let epoch = self.base.and_then(|base| base.directory.epoch(tree, key));
        let Some(epoch) = epoch else {
            return Ok(None);
        };
        let value = self.checkpoints.value(&Place { tree, key: key.into(), epoch })?;
        decode(tree, &value).map(Some)
    }

    fn at_or_before(&self, tree: Tree, key: &[u8]) -> Option<Vec<u8>> {
        let found = self.base?.directory.at_or_before(tree, key);
        found.map(<[u8]>::to_vec)
    }
}
