//! Checking everything that a store keeps, against its checksums and against each other, without
//! changing any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::OpenError;
use super::absent::search;
use super::recover::{apply_frame, from_base};
use crate::engine::port::Frame;
use crate::engine::{Digest, State};
use crate::model::Command;
use crate::store::base::Bases;
use crate::store::checkpoint::{Checkpoints, Manifest};
use crate::store::disk::{Disk, OsDisk};
use crate::store::journal::{self, CheckedJournal, Follower, Redacted};
use crate::store::{BASES, Lock, StoreError, StoreId, codec, identity};

/// How much memory the copy of the checkpoints' database may use.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Something that was checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Part {
    /// What it is.
    pub what: String,
    /// How many things of it were looked at, and what one of them is.
    pub count: u64,
    /// What they are.
    pub unit: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// What came of checking a store.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Verified {
    /// What was checked, in order.
    pub parts: Vec<Part>,
    /// Everything that is wrong, in sentences.
    pub findings: Vec<String>,
    /// What is not wrong and worth knowing.
    pub notes: Vec<String>,
    /// The last command, and the digest of the state that the journal gives as of it; none if it
    /// could not be rebuilt so far.
    pub state: Option<(u64, Digest)>,
    /// What is to be put right: whether the journal is harmed, whether the checkpoints are, and
    /// which bases.
    pub(super) harmed: Harmed,
}

/// Which parts of a store are harmed.
#[derive(Clone, Debug, Default)]
pub(super) struct Harmed {
    pub(super) journal: bool,
    pub(super) checkpoints: bool,
    pub(super) bases: Vec<u64>,
}

/// Checks all that the store in a directory keeps. Its files stay as they are, but for the lock;
/// the database of checkpoints, which cannot be opened without being written to, is copied into a
/// directory that goes away afterwards, in `scratch`.
///
/// # Errors
/// [`OpenError`] if there is no store, if it is in use, or if it or the copy cannot be read.
pub fn verify(path: impl AsRef<Path>, scratch: impl AsRef<Path>) -> Result<Verified, OpenError> {
    verify_absent(path, scratch, &[])
}

/// As [`verify`], and looks for texts in every byte that the store keeps, packed or not, whatever
/// the case of their ASCII letters: one that is anywhere is a finding, with each file that has it.
/// Backups are not looked at, nor what the file system has let go of.
///
/// # Errors
/// As [`verify`].
pub fn verify_absent(
    path: impl AsRef<Path>,
    scratch: impl AsRef<Path>,
    texts: &[String],
) -> Result<Verified, OpenError> {
    let path = path.as_ref();
    // It says first whether there is a store, so that no lock is made where there is none.
    let store = identity(path)?;
    let lock = Lock::take(path)?;
    let verified = Verifier::new(path, store).run(scratch.as_ref(), texts)?;
    drop(lock);
    Ok(verified)
}

struct Verifier<'a> {
    path: &'a Path,
    store: StoreId,
    begun: Instant,
    done: Verified,
    /// What was kept of the state as of which command, and its digest.
    kept: BTreeMap<u64, Vec<(String, Digest)>>,
    /// The newest command that something was kept of.
    newest: u64,
}

impl<'a> Verifier<'a> {
    fn new(path: &'a Path, store: StoreId) -> Self {
        let (done, kept) = (Verified::default(), BTreeMap::new());
        Self { path, store, begun: Instant::now(), done, kept, newest: 0 }
    }

    fn part(&mut self, what: impl Into<String>, count: u64, unit: &'static str) {
        let took = self.begun.elapsed();
        self.begun = Instant::now();
        self.done.parts.push(Part { what: what.into(), count, unit, took });
    }

    fn find(&mut self, finding: impl std::fmt::Display) {
        self.done.findings.push(finding.to_string());
    }

    fn run(mut self, scratch: &Path, texts: &[String]) -> Result<Verified, OpenError> {
        let journal = self.journal()?;
        self.done.harmed.journal = !self.done.findings.is_empty();
        let bases = Bases::new(Arc::new(OsDisk), self.path.join(BASES), self.store);
        let good = self.bases(&bases)?;
        let before = self.done.findings.len();
        let copy = self.checkpoints(scratch, journal.closed)?;
        self.done.harmed.checkpoints = self.done.findings.len() > before;
        let redacted = Redacted::read(&OsDisk, &self.path.join("journal"))?;
        let state = self.rebuild(&journal, redacted.floor, &bases, &good);
        if let Some(state) = state {
            self.forgotten(redacted, &state, &bases);
        }
        if !texts.is_empty() {
            self.absent(copy.as_ref().map(|(checkpoints, _)| checkpoints), texts)?;
        }
        Ok(self.done)
    }

    fn journal(&mut self) -> Result<CheckedJournal, OpenError> {
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        let checked = journal::check(&disk, &self.path.join("journal"), self.store.0)?;
        for finding in &checked.findings {
            self.find(finding);
        }
        if let Some(torn) = &checked.torn {
            self.done.notes.push(format!(
                "`{}` ends in {} bytes that a crash left: the next open cuts them off, and nothing \
                 in them was acknowledged",
                torn.file.display(),
                torn.bytes
            ));
        }
        let frames = checked.segments.iter().map(|segment| segment.frames).sum();
        let segments = checked.segments.len();
        self.part(format!("journal, {segments} segments"), frames, "frames");
        Ok(checked)
    }

    /// Which bases are good.
    fn bases(&mut self, bases: &Bases) -> Result<Vec<u64>, OpenError> {
        let mut good = Vec::new();
        for base in bases.list()? {
            let records = match bases.read(base.seq) {
                Ok(reader) => reader.records(),
                Err(error) => {
                    self.find(error);
                    self.done.harmed.bases.push(base.seq);
                    continue;
                }
            };
            let before = self.done.findings.len();
            let what = format!("base of command {}", base.seq);
            self.part(what.clone(), records, "records");
            match from_base(bases, base.seq) {
                Ok(state) => {
                    self.state(&what, &state);
                    let reader = bases.read(base.seq);
                    if let Ok(mut reader) = reader {
                        self.agenda(&what, &state, &mut reader);
                    }
                    good.push(base.seq);
                }
                Err(why) => self.find(why),
            }
            if self.done.findings.len() > before {
                self.done.harmed.bases.push(base.seq);
                good.retain(|seq| *seq != base.seq);
            }
        }
        Ok(good)
    }

    /// Whether a state fits together, and its digest.
    fn state(&mut self, what: &str, state: &State) {
        let snapshot = state.snapshot();
        let audit = snapshot.audit();
        for finding in audit.findings {
            self.find(format_args!("{what}: {finding}"));
        }
        self.part(format!("{what}: what refers to what"), audit.checked, "references");
        let digest = snapshot.digest();
        self.kept.entry(state.sequence()).or_default().push((what.to_owned(), digest));
        self.newest = self.newest.max(state.sequence());
    }

    fn agenda<R: crate::engine::port::ImageReader>(
        &mut self,
        what: &str,
        state: &State,
        reader: &mut R,
    ) {
        match state.snapshot().audit_agenda(reader) {
            Ok(audit) => {
                for finding in audit.findings {
                    self.find(format_args!("{what}: {finding}"));
                }
                self.part(format!("{what}: the agenda"), audit.checked, "sends");
            }
            Err(error) => self.find(format_args!("{what}: {error}")),
        }
    }

    /// Checks the checkpoints, in a copy of their database.
    fn checkpoints(
        &mut self,
        scratch: &Path,
        closed: Option<u64>,
    ) -> Result<Option<(Checkpoints, Scratch)>, OpenError> {
        let dir = self.path.join("sled");
        if !dir.is_dir() {
            let what = "there is no directory of checkpoints: the next open makes one";
            self.done.notes.push(what.to_owned());
            return Ok(None);
        }
        let copy = Scratch::make(scratch)?;
        copy_dir(&dir, &copy.0.join("sled"))?;
        let (checkpoints, found, moved) = Checkpoints::open(&copy.0, self.store, CACHE_BYTES)?;
        if let Some(moved) = moved {
            self.find(format_args!("`{}` is damaged: {}", dir.display(), moved.why));
        }
        for rejected in &found.rejected {
            self.find(format_args!("checkpoint {}: {}", rejected.epoch, rejected.why));
        }
        // Where the database finds its own log broken off it drops the rest without a word.
        let newest = found.manifests.first().map_or(0, |manifest| manifest.seq);
        if let Some(closed) = closed.filter(|closed| newest < *closed) {
            let dir = dir.display();
            self.find(format_args!(
                "`{dir}` has no checkpoint of command {closed}, at which the store was closed"
            ));
        }
        for manifest in &found.manifests {
            self.checkpoint(&checkpoints, manifest);
        }
        Ok(Some((checkpoints, copy)))
    }

    fn checkpoint(&mut self, checkpoints: &Checkpoints, manifest: &Manifest) {
        let what = format!("checkpoint {} of command {}", manifest.epoch, manifest.seq);
        let (count, wrong) = checkpoints.check(manifest);
        let sound = wrong.is_empty();
        for error in wrong {
            self.find(format_args!("{what}: {error}"));
        }
        self.part(what.clone(), count, "records");
        if !sound {
            return;
        }
        match State::read(&mut checkpoints.read(manifest)) {
            Ok(state) if state.sequence() == manifest.seq => {
                self.state(&what, &state);
                self.agenda(&what, &state, &mut checkpoints.read(manifest));
            }
            Ok(state) => self.find(format_args!("{what}: it is as of {}", state.sequence())),
            Err(error) => self.find(format_args!("{what}: {error}")),
        }
    }

    /// Applies the journal to the oldest state that there is, and compares with what was kept on
    /// the way.
    fn rebuild(
        &mut self,
        journal: &CheckedJournal,
        floor: u64,
        bases: &Bases,
        good: &[u64],
    ) -> Option<State> {
        let first = journal.segments.first().map_or(1, |segment| segment.first_seq);
        let first = first.max(floor.saturating_add(1));
        let last = journal.segments.last().map_or(0, |segment| segment.last_seq);
        let oldest = good.iter().copied().filter(|seq| seq.saturating_add(1) >= first).min();
        let mut state = match oldest {
            _ if first == 1 => State::new(),
            Some(seq) => match from_base(bases, seq) {
                Ok(state) => state,
                Err(why) => {
                    self.find(why);
                    return None;
                }
            },
            None => {
                self.find(format_args!(
                    "the journal is replayed from {first} on, and there is no good base for that"
                ));
                return None;
            }
        };
        if self.newest > last {
            let newest = self.newest;
            self.find(StoreError::Behind { journal: last, checkpoint: newest });
        }
        let begins = state.sequence();
        let kept = std::mem::take(&mut self.kept);
        let mut compared = 0;
        let mut differing = Vec::new();
        let mut compare = |state: &State| {
            for (what, digest) in kept.get(&state.sequence()).into_iter().flatten() {
                compared += 1;
                let rebuilt = state.snapshot().digest();
                if rebuilt != *digest {
                    differing.push(format!(
                        "{what}: its digest is {digest}, the journal gives {rebuilt}"
                    ));
                }
            }
        };
        compare(&state);
        let result = self.replay(&mut state, &mut compare);
        let replayed = state.sequence() - begins;
        self.part(format!("rebuilt from command {begins} on"), replayed, "commands");
        self.part("compared with the rebuilt state", compared, "digests");
        for finding in &differing {
            // The journal after an older state is what happened: what differs from it is wrong.
            match finding.strip_prefix("base of command ").and_then(|rest| rest.split_once(':')) {
                Some((seq, _)) => self.done.harmed.bases.extend(seq.parse::<u64>().ok()),
                None => self.done.harmed.checkpoints = true,
            }
            self.find(finding);
        }
        match result {
            Ok(()) => {
                self.state("the rebuilt state", &state);
                self.done.state = Some((state.sequence(), state.snapshot().digest()));
            }
            Err(why) if self.done.findings.contains(&why) => return None,
            Err(why) => {
                self.find(why);
                return None;
            }
        }
        Some(state)
    }

    /// Whether those who were forgotten are gone, as far as it is known who they were.
    fn forgotten(&mut self, redacted: Redacted, state: &State, bases: &Bases) {
        let last = state.last_erased();
        if last > redacted.done {
            self.done.notes.push(format!(
                "whom command {last} forgot is still to be removed from the disk: the next open \
                 goes on with it"
            ));
        }
        if redacted.done == 0 {
            return;
        }
        for base in bases.list().unwrap_or_default().iter().filter(|it| it.seq < redacted.done) {
            self.find(format_args!(
                "`{}` is older than command {}, up to which nobody is left who was forgotten",
                bases.path(base.seq).display(),
                redacted.done
            ));
        }
        let checked = self.names_of_forgotten(redacted, state);
        match checked {
            Ok(names) => self.part("nobody who was stopped and is forgotten", names, "names"),
            Err(why) => self.find(why),
        }
    }

    /// Looks at every name of a prospect in the commands that were redacted. How many there were.
    fn names_of_forgotten(&mut self, redacted: Redacted, state: &State) -> Result<u64, String> {
        let mut names = 0;
        let mut left = BTreeSet::new();
        let told = |error: crate::engine::port::JournalError| error.to_string();
        let dir = self.path.join("journal");
        let mut frames = Follower::open(Arc::new(OsDisk), &dir, self.store.0, 0).map_err(told)?;
        while let Some(taken) = frames.next_frame().map_err(told)? {
            if taken.first_seq > redacted.done {
                break;
            }
            let commands: Vec<Command> =
                codec::decode(&taken.payload).map_err(|error| error.to_string())?;
            for (sequence, command) in (taken.first_seq..=redacted.done).zip(&commands) {
                let (looked, found) = state.names_forgotten(sequence, command);
                names += looked;
                if found {
                    left.insert(sequence);
                }
            }
        }
        for sequence in left {
            self.find(format_args!("command {sequence} is about a person who was forgotten"));
        }
        Ok(names)
    }

    fn absent(&mut self, sled: Option<&Checkpoints>, texts: &[String]) -> Result<(), OpenError> {
        let searched = search((self.path, self.store), sled, texts)?;
        for (number, place) in &searched.found {
            let text = texts.get(*number).map_or("", String::as_str);
            self.find(format_args!("`{text}` is in {place}"));
        }
        let what = format!("what must be absent, in {} files", searched.files);
        self.part(what, searched.bytes, "bytes");
        let what =
            "backups were not looked at, nor exports, nor blocks that the disk has let go of";
        self.done.notes.push(what.to_owned());
        Ok(())
    }

    fn replay(&self, state: &mut State, each: &mut dyn FnMut(&State)) -> Result<(), String> {
        let told = |error: crate::engine::port::JournalError| error.to_string();
        let from = state.sequence() + 1;
        let dir = self.path.join("journal");
        let frames = Follower::open(Arc::new(OsDisk), &dir, self.store.0, from);
        let mut frames = frames.map_err(told)?;
        while let Some(taken) = frames.next_frame().map_err(told)? {
            let (first_seq, last_seq) = (taken.first_seq, taken.last_seq);
            let frame = Frame { first_seq, last_seq, payload: &taken.payload };
            apply_frame(state, frame, each).map_err(told)?;
        }
        Ok(())
    }
}

/// A directory that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn make(inside: &Path) -> Result<Self, StoreError> {
        let own = format!("holdline-verify-{}", StoreId::draw());
        let path = inside.join(own);
        fs::create_dir_all(&path).map_err(StoreError::io("create", &path))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies where the system looks for what may go.
        let _gone = fs::remove_dir_all(&self.0).is_ok();
    }
}

/// Copies a directory with all that is in it.
pub(super) fn copy_dir(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(to).map_err(StoreError::io("create", to))?;
    for entry in fs::read_dir(from).map_err(StoreError::io("read", from))? {
        let entry = entry.map_err(StoreError::io("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_dir(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(StoreError::io("copy", &source))?;
        }
    }
    Ok(())
}
