//! Checkpoints: the whole state as of one command, in a database of pages, so that opening need not
//! read the journal from its start. It knows nothing of what the records mean, and nothing is lost
//! with it: the journal is the truth.

mod database;
mod page;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::database::{Database, Fault};
use self::page::{CHECKPOINT_VERSION, MANIFEST_TAG, Tally};
use super::{StoreError, StoreId, codec};
use crate::engine::port::{ImageError, ImageReader, ImageWriter, Tree};

pub use self::page::{MAX_KEY, Manifest};

const DIRECTORY: &str = "sled";
/// The most bytes that may be kept beside a manifest.
pub const MAX_META: usize = 16 * 1024;
/// How many records one slice of a sweep removes.
const SLICE: usize = 1024;
/// How many checkpoints are kept: the newest, and one to fall back to.
const KEPT: usize = 2;

/// A checkpoint that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which one.
    pub epoch: u64,
    /// Why not.
    pub why: String,
}

/// What was found to start from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The newest checkpoint that checks out.
    pub manifest: Option<Manifest>,
    /// Newer ones that do not.
    pub rejected: Vec<Rejected>,
}

/// A damaged database that was put out of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedAside {
    /// Where it is now.
    pub to: PathBuf,
    /// What was wrong with it.
    pub why: String,
}

/// The checkpoints of one store.
#[derive(Debug)]
pub struct Checkpoints {
    database: Database,
    store: StoreId,
    /// The epoch of the next checkpoint.
    next_epoch: u64,
    /// Epochs whose manifests are there and do not hold.
    bad: Vec<u64>,
    poison: Option<String>,
}

/// Takes a key and the bytes of a value.
type Receive<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), ImageError> + 'a;

fn failed(fault: Fault) -> ImageError {
    ImageError::Failed { what: fault.what }
}

fn damaged(tree: Tree, what: impl Into<String>) -> ImageError {
    ImageError::Damaged { tree: tree.name(), what: what.into() }
}

impl Checkpoints {
    /// Opens the checkpoints of a store and finds the one to start from. A damaged database is
    /// moved aside, and an empty one takes its place. Without `verify` only the manifest itself
    /// is checked, and its records when they are read: for a look at a few of them, or a reader
    /// that opens anew with `verify` if they turn out damaged.
    ///
    /// # Errors
    /// [`StoreError::Checkpoints`] where the database fails for another cause than damage, and
    /// [`StoreError::Io`].
    pub fn open(
        path: &Path,
        store: StoreId,
        cache_bytes: u64,
        verify: bool,
    ) -> Result<(Self, Found, Option<MovedAside>), StoreError> {
        let dir = path.join(DIRECTORY);
        let refused =
            |op, fault: Fault| StoreError::Checkpoints { path: dir.clone(), op, what: fault.what };
        let fault = match Self::begin(&dir, store, cache_bytes, verify) {
            Ok((checkpoints, found)) => return Ok((checkpoints, found, None)),
            Err(fault) if fault.damage => fault,
            Err(fault) => return Err(refused("open", fault)),
        };
        let to = move_aside(path, &dir)?;
        let (checkpoints, found) = Self::begin(&dir, store, cache_bytes, verify)
            .map_err(|fault| refused("begin", fault))?;
        let why = fault.what;
        Ok((checkpoints, found, Some(MovedAside { to, why })))
    }

    fn begin(
        dir: &Path,
        store: StoreId,
        cache_bytes: u64,
        verify: bool,
    ) -> Result<(Self, Found), Fault> {
        let database = Database::open(dir, cache_bytes)?;
        let next_epoch = database.last_epoch()?.saturating_add(1);
        let mut checkpoints = Self { database, store, next_epoch, bad: Vec::new(), poison: None };
        let found = checkpoints.latest(verify)?;
        Ok((checkpoints, found))
    }

    /// The newest checkpoint that checks out, with every record if `verify` says so.
    fn latest(&mut self, verify: bool) -> Result<Found, Fault> {
        let mut found = Found::default();
        let mut broken = None;
        for (epoch, sealed) in self.database.manifests()? {
            let verified = self.manifest(epoch, &sealed).and_then(|manifest| {
                if !verify {
                    return Ok(manifest);
                }
                self.verify(&manifest).map_err(|error| {
                    if let ImageError::Failed { what } = &error {
                        broken = Some(what.clone());
                    }
                    error.to_string()
                })?;
                Ok(manifest)
            });
            match verified {
                Ok(manifest) => {
                    found.manifest = Some(manifest);
                    return Ok(found);
                }
                Err(why) => {
                    self.bad.push(epoch);
                    found.rejected.push(Rejected { epoch, why });
                }
            }
        }
        // With nothing to start from, a database that cannot even be read is of no use.
        match broken {
            Some(what) => Err(Fault { what, damage: true }),
            None => Ok(found),
        }
    }

    fn manifest(&self, epoch: u64, sealed: &[u8]) -> Result<Manifest, String> {
        let key = page::manifest_key(epoch);
        let (_, body) = page::unseal(MANIFEST_TAG, &key, sealed)?;
        let manifest: Manifest = codec::decode(body).map_err(|error| error.to_string())?;
        if manifest.version != CHECKPOINT_VERSION {
            let found = manifest.version;
            return Err(format!("expected checkpoint version {CHECKPOINT_VERSION}, found {found}"));
        }
        if manifest.epoch != epoch || manifest.store != self.store.0 {
            return Err("the manifest belongs to another checkpoint".to_owned());
        }
        Ok(manifest)
    }

    /// Checks every record of a checkpoint.
    ///
    /// # Errors
    /// [`ImageError::Damaged`], [`ImageError::Failed`].
    pub fn verify(&self, manifest: &Manifest) -> Result<(), ImageError> {
        Tree::ALL.into_iter().try_for_each(|tree| {
            self.walk(manifest, tree, (&[], None), &mut |_, _| Ok(()))
                .and_then(|tally| complete(tree, tally, manifest))
        })
    }

    /// Writes a checkpoint of the state as of command `seq`, which has to be durable in the
    /// journal already. It exists from the moment this returns, and not before; older ones than the
    /// one before it are removed.
    ///
    /// # Errors
    /// What `fill` answers, and [`ImageError::Failed`], after which no further one is written.
    pub fn write(
        &mut self,
        seq: u64,
        meta: &[u8],
        fill: impl FnOnce(&mut Writer<'_>) -> Result<(), ImageError>,
    ) -> Result<Manifest, ImageError> {
        if let Some(cause) = &self.poison {
            let what = format!("checkpoints stopped after an earlier failure: {cause}");
            return Err(ImageError::Failed { what });
        }
        let result = self.write_all(seq, meta, fill);
        if let Err(ImageError::Failed { what }) = &result {
            self.poison = Some(what.clone());
        }
        result
    }

    fn write_all(
        &mut self,
        seq: u64,
        meta: &[u8],
        fill: impl FnOnce(&mut Writer<'_>) -> Result<(), ImageError>,
    ) -> Result<Manifest, ImageError> {
        if meta.len() > MAX_META {
            let what = format!("expected at most {MAX_META} bytes, found {}", meta.len());
            return Err(ImageError::Refused { tree: Tree::Meta.name(), what });
        }
        let epoch = self.next_epoch;
        // What an unfinished checkpoint leaves behind must never be counted into a later one.
        self.next_epoch = epoch.saturating_add(1);
        let mut writer = Writer {
            database: &self.database,
            epoch,
            tallies: Tree::ALL.map(|tree| Tally::new(page::tag(tree))),
            body: Vec::new(),
        };
        fill(&mut writer)?;
        let manifest = Manifest {
            version: CHECKPOINT_VERSION,
            epoch,
            seq,
            store: self.store.0,
            meta: meta.to_vec(),
            trees: writer.tallies.to_vec(),
        };
        self.database.flush().map_err(failed)?;
        let key = page::manifest_key(epoch);
        let body =
            codec::encode(&manifest).map_err(|error| damaged(Tree::Meta, error.to_string()))?;
        let sealed = page::seal(MANIFEST_TAG, 0, &key, &body);
        self.database
            .insert(Tree::Meta, &key, sealed)
            .and_then(|_| self.database.flush())
            .map_err(failed)?;
        self.sweep().map_err(failed)?;
        Ok(manifest)
    }

    /// Removes everything that belongs to no checkpoint that is kept.
    fn sweep(&mut self) -> Result<(), Fault> {
        let manifests = self.database.manifests()?;
        let epochs = manifests.iter().map(|(epoch, _)| *epoch);
        let good = epochs.filter(|epoch| !self.bad.contains(epoch));
        let kept: Vec<u64> = good.take(KEPT).collect();
        for (epoch, _) in &manifests {
            if !kept.contains(epoch) {
                self.database.remove_manifest(*epoch)?;
            }
        }
        self.bad.clear();
        while self.database.remove_others(&kept, SLICE)? {}
        Ok(())
    }

    /// Reads a checkpoint back.
    #[must_use]
    pub const fn read<'a>(&'a self, manifest: &'a Manifest) -> Reader<'a> {
        Reader { checkpoints: self, manifest }
    }

    /// Hands on the records of one tree with `from` ≤ key < `to`, and reads no others.
    ///
    /// # Errors
    /// [`ImageError::Damaged`] for a record that does not check out; one that is missing is not
    /// noticed here. [`ImageError::Failed`], and what `each` answers.
    pub fn scan<T: DeserializeOwned>(
        &self,
        manifest: &Manifest,
        tree: Tree,
        from: &[u8],
        to: &[u8],
        mut each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        self.walk(manifest, tree, (from, Some(to)), &mut |key, body| each(key, decode(tree, body)?))
            .map(drop)
    }

    fn walk(
        &self,
        manifest: &Manifest,
        tree: Tree,
        (from, to): (&[u8], Option<&[u8]>),
        each: &mut Receive<'_>,
    ) -> Result<Tally, ImageError> {
        let (epoch, tag) = (manifest.epoch, page::tag(tree));
        let mut tally = Tally::new(tag);
        let mut whole = Vec::new();
        for record in self.database.records(tree, epoch, from) {
            let (full_key, sealed) = record.map_err(failed)?;
            let key = match page::split_key(&full_key) {
                Some((found, key)) if found == epoch => key,
                _ => break,
            };
            if to.is_some_and(|to| key >= to) {
                break;
            }
            let broken = |what| damaged(tree, what);
            let (later, body) = page::unseal(tag, &full_key, &sealed).map_err(broken)?;
            tally.add(&sealed, true);
            if later == 0 {
                each(key, body)?;
                continue;
            }
            whole.clear();
            whole.extend_from_slice(body);
            for piece in 1..=later {
                let piece_key = page::piece_key(epoch, tag, piece, key);
                let sealed = self.database.piece(&piece_key).map_err(failed)?;
                let sealed = sealed.ok_or_else(|| damaged(tree, "a piece is missing"))?;
                let (_, body) = page::unseal(tag, &piece_key, &sealed).map_err(broken)?;
                tally.add(&sealed, false);
                whole.extend_from_slice(body);
            }
            each(key, &whole)?;
        }
        Ok(tally)
    }
}

fn decode<T: DeserializeOwned>(tree: Tree, body: &[u8]) -> Result<T, ImageError> {
    codec::decode(body).map_err(|error| damaged(tree, error.to_string()))
}

fn complete(tree: Tree, found: Tally, manifest: &Manifest) -> Result<(), ImageError> {
    let expected = manifest.tally(found.tag);
    if found == expected {
        return Ok(());
    }
    if found.records == expected.records && found.pieces == expected.pieces {
        return Err(damaged(tree, "the records are not those that were written"));
    }
    let (expected, found) = (expected.records, found.records);
    Err(damaged(tree, format!("expected {expected} records, found {found}")))
}

/// Moves the database's directory out of the way, under the first name that is free.
fn move_aside(path: &Path, dir: &Path) -> Result<PathBuf, StoreError> {
    let names = (1_u32..).map(|number| path.join(format!("{DIRECTORY}.damaged-{number}")));
    let free = names.into_iter().find(|to| !to.exists());
    let to = free.unwrap_or_else(|| path.join("sled.damaged"));
    std::fs::rename(dir, &to).map_err(StoreError::io("move aside", dir))?;
    Ok(to)
}

/// Takes the records of one checkpoint.
#[derive(Debug)]
pub struct Writer<'a> {
    database: &'a Database,
    epoch: u64,
    tallies: [Tally; Tree::ALL.len()],
    body: Vec<u8>,
}

impl ImageWriter for Writer<'_> {
    fn put<T: Serialize>(&mut self, tree: Tree, key: &[u8], value: &T) -> Result<(), ImageError> {
        let refused = |what: String| ImageError::Refused { tree: tree.name(), what };
        if key.is_empty() || key.len() > MAX_KEY {
            let what = format!("expected a key of 1 to {MAX_KEY} bytes, found {}", key.len());
            return Err(refused(what));
        }
        self.body.clear();
        codec::encode_into(value, &mut self.body).map_err(|error| refused(error.to_string()))?;
        let tag = page::tag(tree);
        let Some(tally) = self.tallies.iter_mut().find(|tally| tally.tag == tag) else {
            return Err(refused("the tree is not known".to_owned()));
        };
        let Some((first, later)) = page::pieces(&self.body) else {
            return Err(refused(format!("its value has {} bytes", self.body.len())));
        };
        let mut count = 0_u16;
        // The first piece comes last: it says how many there are.
        for body in later {
            count = count.saturating_add(1);
            let piece_key = page::piece_key(self.epoch, tag, count, key);
            let sealed = page::seal(tag, 0, &piece_key, body);
            tally.add(&sealed, false);
            self.database.insert_piece(&piece_key, sealed).map_err(failed)?;
        }
        let full_key = page::record_key(self.epoch, key);
        let sealed = page::seal(tag, count, &full_key, first);
        tally.add(&sealed, true);
        let replaced = self.database.insert(tree, &full_key, sealed).map_err(failed)?;
        if replaced {
            return Err(refused("its key is there already".to_owned()));
        }
        Ok(())
    }
}

/// Gives the records of one checkpoint back.
#[derive(Debug)]
pub struct Reader<'a> {
    checkpoints: &'a Checkpoints,
    manifest: &'a Manifest,
}

impl ImageReader for Reader<'_> {
    fn each<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        mut each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let mut decoded = |key: &[u8], body: &[u8]| each(key, decode(tree, body)?);
        self.checkpoints
            .walk(self.manifest, tree, (&[], None), &mut decoded)
            .and_then(|tally| complete(tree, tally, self.manifest))
    }
}
