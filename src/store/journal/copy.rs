//! Copying a journal up to one of its commands, also while it is appended to. It knows nothing of
//! what the frames mean.

use std::path::{Path, PathBuf};

use super::frame::{HEAD, SegmentHead, StoreId};
use super::redacted::Redacted;
use super::segment::{self, Next, UNFINISHED, Walk};
use super::source::{Place, Source};
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskFile};

const CHUNK: usize = 1024 * 1024;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedJournal {
    /// How many segments were copied.
    pub segments: u64,
    /// How many bytes that was.
    pub bytes: u64,
    /// How many segments were there from an earlier copy.
    pub there: u64,
}

/// Copies the frames of a journal up to command `upto` into another directory, which may have an
/// earlier copy of it: a segment that is whole there is left as it is. The last command of `upto`
/// has to be the last one of a frame. Each file is written under another name, synced, and renamed.
///
/// # Errors
/// [`StoreError::Gap`] if what comes after the earlier copy was trimmed;
/// [`StoreError::Corrupt`] if a frame that is copied by itself does not check out;
/// [`StoreError::Io`].
pub fn copy(
    disk: &dyn Disk,
    (from, to): (&Path, &Path),
    store: StoreId,
    upto: u64,
) -> Result<CopiedJournal, StoreError> {
    segment::while_others_work(from, || copy_all(disk, (from, to), store, upto))
}

fn copy_all(
    disk: &dyn Disk,
    (from, to): (&Path, &Path),
    store: StoreId,
    upto: u64,
) -> Result<CopiedJournal, StoreError> {
    let mut copied = CopiedJournal::default();
    let source = segment::list(disk, from)?;
    let there = segment::list(disk, to)?;
    for path in &there.leftovers {
        disk.remove(path).map_err(StoreError::io("remove", path))?;
    }
    let place = Place { disk, dir: from, store: &store };
    goes_on(Place { dir: to, ..place }, (&source.firsts, &there.firsts))?;
    let nexts = source.firsts.iter().skip(1).map(Some).chain([None]);
    for (first, next) in source.firsts.iter().zip(nexts).filter(|(first, _)| **first <= upto) {
        // One that another follows there was whole when it was copied.
        if let Some(next) = next
            && there.firsts.binary_search(first).is_ok()
            && there.firsts.binary_search(next).is_ok()
        {
            copied.there += 1;
            continue;
        }
        let packed = source.packed.binary_search(first).is_ok();
        let whole = next.is_some_and(|next| *next <= upto.saturating_add(1));
        // The last one of the copy is appended to, though another may come after it here.
        let last = next.is_none_or(|next| *next > upto);
        let bytes = if packed && !last {
            let name = segment::packed_name(*first);
            let path = from.join(&name);
            let file = disk.open_read(&path).map_err(StoreError::io("open", &path))?;
            let size = file.size().map_err(StoreError::io("read", &path))?;
            let written = write(disk, to, &name, &mut Raw { file, path }, size)?;
            // Part of it may have been copied while it was not compressed.
            let plain = to.join(segment::file_name(*first));
            match disk.remove(&plain) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &plain)(error));
                }
                _ => written,
            }
        } else {
            let size =
                if whole { place.open(*first)?.size()? } else { end_of(place, *first, upto)? };
            let mut source = Unpacked { bytes: place.open(*first)?.into_bytes(), head: None };
            if last {
                source.begins_anew(&store)?;
            }
            write(disk, to, &segment::file_name(*first), &mut source, size)?
        };
        copied.segments += 1;
        copied.bytes += bytes;
    }
    // Where it can be replayed from is noted before a segment is written anew, so it is not missed
    // after all were copied.
    let redacted = Redacted::read(disk, from)?;
    if redacted != Redacted::default() {
        Redacted { floor: redacted.floor.min(upto), ..redacted }.write(disk, to)?;
    }
    disk.sync_dir(to).map_err(StoreError::io("sync", to))?;
    Ok(copied)
}

/// Whether what an earlier copy has reaches up to where this journal begins: what was trimmed since
/// would be missing in between.
fn goes_on(to: Place<'_>, (source, there): (&[u64], &[u64])) -> Result<(), StoreError> {
    let Some(begins) = source.first() else {
        return Ok(());
    };
    let Some(last) = there.iter().rfind(|first| *first < begins) else {
        return Ok(());
    };
    let source = to.open(*last)?;
    let size = source.size()?;
    let mut walk = Walk::start(source.into_bytes(), to.store, *last, size)?;
    loop {
        match walk.next()? {
            Next::Frame(..) => {}
            Next::End => break,
            Next::Bad(bad) => return Err(walk.damage(bad)),
        }
    }
    if walk.next_seq == *begins {
        return Ok(());
    }
    let (path, ends) = (to.dir.to_path_buf(), walk.next_seq.saturating_sub(1));
    Err(StoreError::Gap { path, ends, begins: *begins })
}

/// Where the frame of a command ends in its segment.
fn end_of(place: Place<'_>, first_seq: u64, upto: u64) -> Result<u64, StoreError> {
    let source: Source = place.open(first_seq)?;
    let size = source.size()?;
    let mut walk = Walk::start(source.into_bytes(), place.store, first_seq, size)?;
    while walk.next_seq <= upto {
        match walk.next()? {
            Next::Frame(..) => {}
            Next::End => {
                let what = format!("expected frames up to {upto}");
                return Err(walk.damage_at(walk.offset, what));
            }
            Next::Bad(bad) => return Err(walk.damage(bad)),
        }
    }
    if walk.next_seq != upto.saturating_add(1) {
        let what = format!("expected a frame that ends with {upto}");
        return Err(walk.damage_at(walk.offset.max(HEAD as u64), what));
    }
    Ok(walk.offset)
}

/// Where bytes are copied from.
trait From {
    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, StoreError>;
}

struct Raw {
    file: Box<dyn DiskFile>,
    path: PathBuf,
}

impl From for Raw {
    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, StoreError> {
        self.file.read_at(offset, into).map_err(StoreError::io("read", &self.path))
    }
}

struct Unpacked {
    bytes: Box<dyn segment::Bytes>,
    /// What it begins with instead.
    head: Option<Vec<u8>>,
}

impl Unpacked {
    /// Of one that was written anew a part is what it is, and stands for nothing else: another
    /// segment comes after it.
    fn begins_anew(&mut self, store: &StoreId) -> Result<(), StoreError> {
        let head = segment::head(&mut *self.bytes, store)?;
        if head.rewritten.is_some() {
            self.head = Some(SegmentHead { rewritten: None, ..head }.encode(store));
        }
        Ok(())
    }
}

impl From for Unpacked {
    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, StoreError> {
        let found = self.bytes.read_at(offset, into)?;
        if let (0, Some(head)) = (offset, &self.head)
            && let Some(slots) = into.get_mut(..head.len())
        {
            slots.copy_from_slice(head);
        }
        Ok(found)
    }
}

fn write(
    disk: &dyn Disk,
    to: &Path,
    name: &str,
    from: &mut dyn From,
    size: u64,
) -> Result<u64, StoreError> {
    let (path, unfinished) = (to.join(name), to.join(format!("{name}{UNFINISHED}")));
    let mut file = disk.create(&unfinished).map_err(StoreError::io("create", &unfinished))?;
    let (mut at, mut chunk) = (0, vec![0; CHUNK]);
    while at < size {
        let rest = usize::try_from(size - at).unwrap_or(CHUNK).min(CHUNK);
        let into = chunk.get_mut(..rest).unwrap_or_default();
        let found = from.read(at, into)?;
        if found == 0 {
            return Err(StoreError::corrupt(&path, at, "the file that it was copied from ended"));
        }
        let read = chunk.get(..found).unwrap_or_default();
        file.write_at(at, read).map_err(StoreError::io("write", &unfinished))?;
        at += found as u64;
    }
    file.sync().map_err(StoreError::io("sync", &unfinished))?;
    disk.rename(&unfinished, &path).map_err(StoreError::io("create", &path))?;
    Ok(size)
}
