//! Checkpoints: the state as of one command, in a database of pages, so that opening need not read
//! the journal from its start. It knows nothing of what the records mean, and nothing is lost with
//! it: the journal is the truth.

mod apart;
mod database;
mod directory;
mod page;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;

use self::database::Closed;
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::database::KeyedPage;
pub(super) use self::database::SledHome;
pub(crate) use self::database::{Fault, Home, PageStore};
use self::directory::{Directory, Packed, Place};
use self::page::{CHECKPOINT_VERSION, MANIFEST_TAG};
use super::{StoreError, StoreId, codec};
use crate::engine::port::{ImageError, ImageReader, Tree};

pub(super) use self::page::{CHECKPOINT_VERSION as RECORDS_VERSION, pack, tag, unpack};
pub use self::page::{MAX_KEY, Manifest};
pub use self::write::{MAX_META, Onto, Writer};
pub use crate::store::pace::Pace;

/// More checkpoints than any store ever has.
const EPOCHS: u64 = 1 << 62;

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
    /// The checkpoints that are there, newest first. Their records are checked when they are read.
    pub manifests: Vec<Manifest>,
    /// Those that cannot even be begun with.
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

/// A checkpoint with its directory.
#[derive(Clone, Debug)]
struct Listed {
    manifest: Manifest,
    directory: Directory,
}

/// The checkpoints of one store.
#[derive(Debug)]
pub struct Checkpoints {
    home: Box<dyn Home>,
    database: Box<dyn PageStore>,
    store: StoreId,
    /// The epoch of the next checkpoint, and the first that is not reserved.
    next_epoch: u64,
    reserved: u64,
    /// Newest first: at most the newest and one to fall back to once one has been written.
    listed: Vec<Listed>,
    /// Manifests that do not hold.
    bad: Vec<u64>,
    /// Records that only checkpoints before those have.
    superseded: Vec<Place>,
    /// Whether records may be there that no checkpoint has.
    untidy: bool,
    poison: Option<String>,
    /// How many bytes of records were read, as they are kept.
    read_bytes: AtomicU64,
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
    /// Opens the checkpoints of a store. A database that cannot be opened for being damaged is
    /// moved aside, and an empty one takes its place.
    ///
    /// # Errors
    /// [`StoreError::Checkpoints`] where the database fails for another cause than damage, and
    /// [`StoreError::Io`].
    pub fn open(
        path: &Path,
        store: StoreId,
        cache_bytes: u64,
    ) -> Result<(Self, Found, Option<MovedAside>), StoreError> {
        let home = SledHome { store: path.to_path_buf(), cache_bytes };
        Self::open_in(Box::new(home), store)
    }

    /// As [`Checkpoints::open`], wherever the database lies.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn open_in(
        home: Box<dyn Home>,
        store: StoreId,
    ) -> Result<(Self, Found, Option<MovedAside>), StoreError> {
        let refused =
            |op, path, fault: Fault| StoreError::Checkpoints { path, op, what: fault.what };
        let path = home.path();
        let (database, moved) = match home.open() {
            Ok(database) => (database, None),
            Err(fault) if fault.damage => {
                let (to, why) = (home.move_aside()?, fault.what);
                let anew = home.open().map_err(|fault| refused("begin", path.clone(), fault))?;
                (anew, Some(MovedAside { to, why }))
            }
            Err(fault) => return Err(refused("open", path, fault)),
        };
        let mut checkpoints = Self::over(home, database, store);
        match checkpoints.list() {
            Ok(found) => Ok((checkpoints, found, moved)),
            Err(fault) if fault.damage => {
                let moved = checkpoints.start_anew(&fault.what)?;
                Ok((checkpoints, Found::default(), Some(moved)))
            }
            Err(fault) => Err(refused("open", path, fault)),
        }
    }

    /// Opens the checkpoints of a store to look at them. What is damaged stays where it is.
    ///
    /// # Errors
    /// [`StoreError::Checkpoints`].
    pub fn look(
        path: &Path,
        store: StoreId,
        cache_bytes: u64,
    ) -> Result<(Self, Found), StoreError> {
        let home = Box::new(SledHome { store: path.to_path_buf(), cache_bytes });
        let path = home.path();
        let refused = |fault: Fault| StoreError::Checkpoints { path, op: "open", what: fault.what };
        let listed = home.open().and_then(|database| {
            let mut checkpoints = Self::over(home, database, store);
            let found = checkpoints.list()?;
            Ok((checkpoints, found))
        });
        listed.map_err(refused)
    }

    /// How many bytes of records were read since these were opened: directories and manifests
    /// included, as they are kept, compressed.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    fn count(&self, sealed: &[u8]) {
        self.read_bytes.fetch_add(sealed.len() as u64, Ordering::Relaxed);
    }

    fn over(home: Box<dyn Home>, database: Box<dyn PageStore>, store: StoreId) -> Self {
        Self {
            home,
            database,
            store,
            next_epoch: 1,
            reserved: 0,
            listed: Vec::new(),
            bad: Vec::new(),
            superseded: Vec::new(),
            untidy: true,
            poison: None,
            read_bytes: AtomicU64::new(0),
        }
    }

    /// Finds the checkpoints that are there.
    fn list(&mut self) -> Result<Found, Fault> {
        let mut found = Found::default();
        let mut last = self.number(&page::RESERVED_KEY)?.unwrap_or(0);
        for (epoch, sealed) in self.manifests()? {
            last = last.max(epoch);
            self.count(&sealed);
            match self.listed(epoch, &sealed)? {
                Ok(listed) => {
                    found.manifests.push(listed.manifest.clone());
                    self.listed.push(listed);
                }
                Err(why) => {
                    self.bad.push(epoch);
                    found.rejected.push(Rejected { epoch, why });
                }
            }
        }
        // So many were never written: whatever says so is damaged, and no number would be left.
        let next = last.checked_add(1).filter(|next| *next < EPOCHS);
        let used_up = || Fault { what: format!("there is an epoch {last}"), damage: true };
        let next = next.ok_or_else(used_up)?;
        (self.next_epoch, self.reserved) = (next, next);
        let newest = self.listed.first().map(|listed| listed.manifest.epoch);
        let tidy = self.number(&page::TIDY_KEY)?;
        self.untidy = newest.is_none() || newest != tidy || !self.bad.is_empty();
        if let [newest, before] = self.listed.as_slice() {
            self.superseded = before.directory.besides(&newest.directory);
        }
        Ok(found)
    }

    /// The manifests with their epochs, newest first.
    fn manifests(&self) -> Result<Vec<(u64, Vec<u8>)>, Fault> {
        let found = self.database.pages_from(Tree::Meta, &page::manifest_key(0))?;
        let with_epochs = found
            .into_iter()
            .rev()
            .map(|(key, sealed)| Some((page::manifest_epoch(&key)?, sealed)));
        Ok(with_epochs.flatten().collect())
    }

    /// A number that is kept by itself; none if it is not there or does not check out.
    fn number(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        let sealed = self.database.get(Some(Tree::Meta), key)?;
        let unsealed = sealed.as_ref().and_then(|it| page::unseal(MANIFEST_TAG, key, it).ok());
        Ok(unsealed.and_then(|(_, body)| Some(u64::from_be_bytes(body.try_into().ok()?))))
    }

    fn listed(&self, epoch: u64, sealed: &[u8]) -> Result<Result<Listed, String>, Fault> {
        let manifest = match self.manifest(epoch, sealed) {
            Ok(manifest) => manifest,
            Err(why) => return Ok(Err(why)),
        };
        let mut directory = Directory::default();
        for tree in Tree::ALL {
            let key = page::directory_key(page::tag(tree));
            let place = Place { tree: Tree::Meta, key: key.into(), epoch };
            let packed: Packed = match self.value(&place).and_then(|body| decode(tree, &body)) {
                Ok(packed) => packed,
                Err(ImageError::Failed { what }) => return Err(Fault { what, damage: true }),
                Err(ImageError::Damaged { what, .. }) => return Ok(Err(of_directory(tree, &what))),
                Err(error) => return Ok(Err(error.to_string())),
            };
            let sound = directory.unpack(tree, epoch, packed);
            if !sound || directory.count(tree) != manifest.records(tree) {
                return Ok(Err(of_directory(tree, "its records are not in order")));
            }
        }
        Ok(Ok(Listed { manifest, directory }))
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

    fn directory(&self, manifest: &Manifest) -> Option<&Directory> {
        let listed = self.listed.iter().find(|listed| listed.manifest.epoch == manifest.epoch);
        listed.map(|listed| &listed.directory)
    }

    /// Leaves a checkpoint out from now on, because it cannot be read.
    pub fn reject(&mut self, epoch: u64) {
        self.listed.retain(|listed| listed.manifest.epoch != epoch);
        self.bad.push(epoch);
        // What only the one before it had may be all that is left.
        self.superseded.clear();
        self.untidy = true;
    }

    /// Puts the database out of the way and begins an empty one.
    ///
    /// # Errors
    /// As [`Checkpoints::open`], after which no checkpoint can be written.
    pub fn start_anew(&mut self, why: &str) -> Result<MovedAside, StoreError> {
        // The old database goes on in the files that are moved, until it is dropped below.
        let to = self.home.move_aside()?;
        self.database = self.home.open().map_err(|fault| StoreError::Checkpoints {
            path: self.home.path(),
            op: "begin",
            what: fault.what,
        })?;
        (self.next_epoch, self.reserved, self.untidy) = (1, 0, true);
        self.listed.clear();
        self.bad.clear();
        self.superseded.clear();
        Ok(MovedAside { to, why: why.to_owned() })
    }

    /// What the database takes, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.home.size()
    }

    /// Writes a checkpoint into an empty database, which takes the place of this one: a database
    /// never shrinks by itself, and what it has to tidy up slows it down.
    ///
    /// # Errors
    /// As [`Checkpoints::write`]. What is here stays until the other one is whole; after a failure
    /// beyond that no further checkpoint is written.
    pub fn rewrite(
        &mut self,
        (seq, pace): (u64, Pace),
        meta: &[u8],
        fill: impl FnOnce(&mut Writer<'_>) -> Result<(), ImageError>,
    ) -> Result<Manifest, ImageError> {
        let refused = |error: StoreError| ImageError::Failed { what: error.to_string() };
        let home = self.home.fresh().map_err(refused)?;
        let (mut fresh, _, _) = Self::open_in(home, self.store).map_err(refused)?;
        let manifest = fresh.write((seq, Onto::Nothing, pace), meta, fill)?;
        drop(fresh);
        self.database = Box::new(Closed);
        let swapped = self.home.swap().map_err(refused).and_then(|()| {
            self.database = self.home.open().map_err(failed)?;
            (self.listed, self.bad, self.superseded) = (Vec::new(), Vec::new(), Vec::new());
            self.list().map(drop).map_err(failed)
        });
        if let Err(error) = swapped {
            self.poison = Some(error.to_string());
            return Err(error);
        }
        Ok(manifest)
    }

    /// Takes the first record of a tree away, or puts the last one's in its place. How many there
    /// are.
    #[cfg(test)]
    pub(crate) fn harm(&self, tree: Tree, removes: bool) -> usize {
        let pages = self.database.pages_from(tree, &[]).unwrap_or_default();
        if let (Some((first, _)), Some((_, other))) = (pages.first(), pages.last()) {
            let harmed = match removes {
                true => self.database.remove(Some(tree), first),
                false => self.database.insert(Some(tree), first, other.clone()),
            };
            harmed.and_then(|()| self.database.flush()).map_err(failed).unwrap();
        }
        pages.len()
    }

    /// Checks every record of a checkpoint.
    ///
    /// # Errors
    /// [`ImageError::Damaged`], [`ImageError::Failed`].
    pub fn verify(&self, manifest: &Manifest) -> Result<(), ImageError> {
        Tree::ALL
            .into_iter()
            .try_for_each(|tree| self.walk(manifest, tree, (&[], None), &mut |_, _| Ok(())))
    }

    /// Checks every record of a checkpoint, also behind one that does not check out. How many there
    /// are, and what is wrong with which.
    #[must_use]
    pub fn check(&self, manifest: &Manifest) -> (u64, Vec<ImageError>) {
        let (mut count, mut wrong) = (0, Vec::new());
        let Some(directory) = self.directory(manifest) else {
            return (0, vec![damaged(Tree::Meta, "the checkpoint is not kept any more")]);
        };
        for tree in Tree::ALL {
            for (key, epoch) in directory.range(tree, (&[], None)) {
                count += 1;
                wrong.extend(self.value(&Place { tree, key: key.into(), epoch }).err());
            }
        }
        (count, wrong)
    }

    /// Hands on every value that the database has, as it was encoded, also of checkpoints that are
    /// not kept any more or that were never finished.
    ///
    /// # Errors
    /// [`ImageError::Damaged`] and [`ImageError::Failed`].
    pub fn each_value(&self, each: &mut dyn FnMut(&[u8])) -> Result<(), ImageError> {
        for tree in Tree::ALL {
            for full_key in self.database.keys(Some(tree)) {
                let full_key = full_key.map_err(failed)?;
                each(&full_key);
                if tree == Tree::Meta && page::is_own(&full_key) {
                    continue;
                }
                if let Some((key, epoch)) = page::split_key(&full_key) {
                    each(&self.value(&Place { tree, key: key.into(), epoch })?);
                }
            }
        }
        Ok(())
    }

    /// The encoded value at a place.
    fn value(&self, place: &Place) -> Result<Vec<u8>, ImageError> {
        let Place { tree, key, epoch } = place;
        let broken = |what| damaged(*tree, what);
        let (tag, full_key) = (page::tag(*tree), page::record_key(key, *epoch));
        let sealed = self.database.get(Some(*tree), &full_key).map_err(failed)?;
        let sealed = sealed.ok_or_else(|| broken("a record is missing"))?;
        self.count(&sealed);
        let (later, body) = page::unseal(tag, &full_key, &sealed).map_err(broken)?;
        if later == 0 {
            return page::unpack(body).map(std::borrow::Cow::into_owned).map_err(broken);
        }
        let mut whole = body.to_vec();
        for piece in 1..=later {
            let piece_key = page::piece_key(tag, key, *epoch, piece);
            let sealed = self.database.get(None, &piece_key).map_err(failed)?;
            let sealed = sealed.ok_or_else(|| broken("a piece is missing"))?;
            self.count(&sealed);
            let (_, body) = page::unseal(tag, &piece_key, &sealed).map_err(broken)?;
            whole.extend_from_slice(body);
        }
        page::unpack(&whole).map(std::borrow::Cow::into_owned).map_err(broken)
    }

    /// Reads a checkpoint back.
    #[must_use]
    pub const fn read<'a>(&'a self, manifest: &'a Manifest) -> Reader<'a> {
        Reader { checkpoints: self, manifest }
    }

    /// Hands on the records of one tree with `from` ≤ key < `to`, and reads no others.
    ///
    /// # Errors
    /// [`ImageError::Damaged`] for a record that does not check out, [`ImageError::Failed`], and
    /// what `each` answers.
    pub fn scan<T: DeserializeOwned>(
        &self,
        manifest: &Manifest,
        tree: Tree,
        from: &[u8],
        to: &[u8],
        mut each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        self.walk(manifest, tree, (from, Some(to)), &mut |key, body| each(key, decode(tree, body)?))
    }

    fn walk(
        &self,
        manifest: &Manifest,
        tree: Tree,
        range: (&[u8], Option<&[u8]>),
        each: &mut Receive<'_>,
    ) -> Result<(), ImageError> {
        let Some(directory) = self.directory(manifest) else {
            return Err(damaged(tree, "the checkpoint is not kept any more"));
        };
        for (key, epoch) in directory.range(tree, range) {
            let place = Place { tree, key: key.into(), epoch };
            each(key, &self.value(&place)?)?;
        }
        Ok(())
    }
}

/// Every value in a database of pages.
#[cfg(test)]
pub(crate) fn unpack_all(home: Box<dyn Home>, store: StoreId) -> Vec<Vec<u8>> {
    let (checkpoints, _, _) = Checkpoints::open_in(home, store).unwrap();
    let mut values = Vec::new();
    checkpoints.each_value(&mut |value| values.push(value.to_vec())).unwrap();
    values
}

/// Trees of at least so many records are read beside taking them. Of fewer that is no sooner, and
/// what reading needs for a while serves what is taken next.
const APART: u64 = 16_384;

fn of_directory(tree: Tree, what: &str) -> String {
    format!("the directory of `{}` is damaged: {what}", tree.name())
}

fn decode<T: DeserializeOwned>(tree: Tree, body: &[u8]) -> Result<T, ImageError> {
    codec::decode(body).map_err(|error| damaged(tree, error.to_string()))
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
        if self.manifest.records(tree) >= APART {
            return apart::read(self.checkpoints, self.manifest, tree, &mut decoded);
        }
        self.checkpoints.walk(self.manifest, tree, (&[], None), &mut decoded)
    }

    fn between<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        (from, to): (&[u8], &[u8]),
        each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        self.checkpoints.scan(self.manifest, tree, from, to, each)
    }
}
