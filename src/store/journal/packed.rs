//! A segment in blocks that are compressed, each by itself: its bytes, and how they are read from
//! any place on. It knows nothing of the plain file that they come from, nor of the directory.
//!
//! A block holds whole frames, so that reading from a sequence number on unpacks no block before
//! it. What a block unpacks to are the bytes of the plain segment: its frames check out as they
//! always did.

use std::path::{Path, PathBuf};

use super::frame::{HEAD, MAX_PAYLOAD, StoreId, long, word};
use super::segment::Bytes;
use crate::store::StoreError;
use crate::store::disk::DiskFile;

const MAGIC: [u8; 8] = *b"HLpack\r\n";
const VERSION: u32 = 1;
/// The flag of a segment whose frames were written anew.
const REWRITTEN: u32 = 1;
const BLOCK_MAGIC: [u8; 4] = *b"HLbk";
const END_MAGIC: [u8; 8] = *b"HLpkend\n";
const BLOCK_HEAD: usize = 32;
const ENTRY: usize = 24;
const END: usize = 32;
/// From how many bytes on a block gets no further frame.
pub(super) const BLOCK_BYTES: u64 = 1 << 20;
/// After how much of it a compressed segment is made durable as far as it is.
const UNSYNCED_BYTES: u64 = 1 << 20;
/// The most that a block unpacks to: one frame may fill it.
const MAX_BLOCK: u64 = BLOCK_BYTES + (MAX_PAYLOAD + 4 * HEAD) as u64;

/// The store's number is part of every checksum over a head: what is another store's fails it.
fn checksum(store: &StoreId, covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(store), covered)
}

fn sealed(store: &StoreId, mut head: Vec<u8>, len: usize) -> Vec<u8> {
    head.resize(len - 4, 0);
    head.extend(checksum(store, &head).to_le_bytes());
    head
}

fn is_sealed(store: &StoreId, head: &[u8], len: usize) -> bool {
    let covered = head.get(..len - 4).unwrap_or_default();
    head.len() == len && word(head, len - 4) == checksum(store, covered)
}

/// What a compressed segment says of the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub first_seq: u64,
    pub last_seq: u64,
    /// The length of the plain segment.
    pub plain_bytes: u64,
    /// When the plain segment was last written to, in milliseconds since 1970; 0 if nobody knows.
    pub modified_ms: u64,
    /// Of one whose frames were written anew: the checksum that the segment after it repeats.
    pub stands_for: Option<u32>,
}

impl Summary {
    fn encode(&self, store: &StoreId) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD);
        head.extend(MAGIC);
        head.extend(VERSION.to_le_bytes());
        head.extend(if self.stands_for.is_some() { REWRITTEN } else { 0 }.to_le_bytes());
        head.extend(self.first_seq.to_le_bytes());
        head.extend(self.last_seq.to_le_bytes());
        head.extend(self.plain_bytes.to_le_bytes());
        head.extend(self.modified_ms.to_le_bytes());
        head.extend(self.stands_for.unwrap_or(0).to_le_bytes());
        sealed(store, head, HEAD)
    }

    fn decode(store: &StoreId, head: &[u8], path: &Path) -> Result<Self, StoreError> {
        let damaged = |what: &str| Err(StoreError::corrupt(path, 0, what));
        if !head.starts_with(&MAGIC) {
            return damaged("this is no compressed segment of a journal");
        }
        if !is_sealed(store, head, HEAD) {
            return damaged(
                "the compressed segment belongs to another store, or its head fails its checksum",
            );
        }
        if word(head, 8) != VERSION {
            let what = format!(
                "expected version {VERSION} of a compressed segment, found {}",
                word(head, 8)
            );
            return Err(StoreError::corrupt(path, 8, what));
        }
        Ok(Self {
            first_seq: long(head, 16),
            last_seq: long(head, 24),
            plain_bytes: long(head, 32),
            modified_ms: long(head, 40),
            stands_for: (word(head, 12) & REWRITTEN != 0).then(|| word(head, 48)),
        })
    }
}

/// Where a block lies, and what it begins with.
#[derive(Clone, Copy, Debug)]
struct Entry {
    first_seq: u64,
    /// Where it begins in the file.
    at: u64,
    /// Where it begins in the plain segment.
    plain_at: u64,
}

/// Writes a compressed segment, block by block.
pub(super) struct Packer<'a> {
    file: &'a mut dyn DiskFile,
    path: &'a Path,
    store: StoreId,
    at: u64,
    /// Up to where it is durable: little at a time, so that no commit waits long behind it.
    synced: u64,
    plain_at: u64,
    index: Vec<Entry>,
}

impl<'a> Packer<'a> {
    pub(super) fn new(file: &'a mut dyn DiskFile, path: &'a Path, store: StoreId) -> Self {
        Self { file, path, store, at: HEAD as u64, synced: 0, plain_at: 0, index: Vec::new() }
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_at(at, bytes).map_err(StoreError::io("write", self.path))
    }

    /// Adds the next bytes of the segment: whole frames, the first of which begins with `first_seq`
    /// and repeats the checksum `previous`.
    pub(super) fn add(
        &mut self,
        first_seq: u64,
        previous: u32,
        plain: &[u8],
    ) -> Result<(), StoreError> {
        let packed = lz4_flex::block::compress(plain);
        // INVARIANT: a block is at most `MAX_BLOCK` long, so both lengths fit.
        let short = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
        let mut head = Vec::with_capacity(BLOCK_HEAD);
        head.extend(BLOCK_MAGIC);
        head.extend(short(packed.len()));
        head.extend(short(plain.len()));
        head.extend(previous.to_le_bytes());
        head.extend(first_seq.to_le_bytes());
        head.extend(crc32c::crc32c(&packed).to_le_bytes());
        let mut block = sealed(&self.store, head, BLOCK_HEAD);
        block.extend(packed);
        self.write(self.at, &block)?;
        self.index.push(Entry { first_seq, at: self.at, plain_at: self.plain_at });
        self.at += block.len() as u64;
        self.plain_at += plain.len() as u64;
        if self.at.saturating_sub(self.synced) >= UNSYNCED_BYTES {
            self.file.sync().map_err(StoreError::io("sync", self.path))?;
            self.synced = self.at;
        }
        Ok(())
    }

    /// Writes the index and the head, and makes everything durable.
    pub(super) fn finish(mut self, summary: &Summary) -> Result<(), StoreError> {
        let mut tail = Vec::with_capacity(self.index.len() * ENTRY + END);
        for entry in &self.index {
            tail.extend(entry.first_seq.to_le_bytes());
            tail.extend(entry.at.to_le_bytes());
            tail.extend(entry.plain_at.to_le_bytes());
        }
        let mut end = Vec::with_capacity(END);
        end.extend(END_MAGIC);
        end.extend(self.at.to_le_bytes());
        end.extend((self.index.len() as u64).to_le_bytes());
        end.extend(crc32c::crc32c(&tail).to_le_bytes());
        tail.extend(sealed(&self.store, end, END));
        self.write(self.at, &tail)?;
        self.write(0, &summary.encode(&self.store))?;
        self.file.sync().map_err(StoreError::io("sync", self.path))
    }
}

/// A compressed segment, open for reading.
#[derive(Debug)]
pub(super) struct Packed {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    store: StoreId,
    pub summary: Summary,
    index: Vec<Entry>,
    /// Where the index begins.
    end: u64,
    /// The block in memory, by its place in the index.
    held: Option<usize>,
    block: Vec<u8>,
}

impl Packed {
    /// Checks the head and the index; the blocks are checked when they are read.
    pub(super) fn open(
        mut file: Box<dyn DiskFile>,
        path: &Path,
        store: &StoreId,
    ) -> Result<Self, StoreError> {
        let size = file.size().map_err(StoreError::io("read", path))?;
        let Some(end_at) = size.checked_sub(END as u64).filter(|at| *at >= HEAD as u64) else {
            return Err(StoreError::corrupt(path, 0, "the compressed segment is cut short"));
        };
        let head = exactly(&mut *file, path, 0, HEAD as u64)?;
        let summary = Summary::decode(store, &head, path)?;
        let end = exactly(&mut *file, path, end_at, END as u64)?;
        if !end.starts_with(&END_MAGIC) || !is_sealed(store, &end, END) {
            let what = "the end of the compressed segment is missing, or fails its checksum";
            return Err(StoreError::corrupt(path, end_at, what));
        }
        let (at, count) = (long(&end, 8), long(&end, 16));
        let len =
            end_at.checked_sub(at).filter(|len| count.checked_mul(ENTRY as u64) == Some(*len));
        let Some(len) = len else {
            let what = "the index does not lie where the end of the compressed segment says";
            return Err(StoreError::corrupt(path, end_at, what));
        };
        let bytes = exactly(&mut *file, path, at, len)?;
        if crc32c::crc32c(&bytes) != word(&end, 24) {
            return Err(StoreError::corrupt(path, at, "the index fails its checksum"));
        }
        let entry =
            |it: &[u8]| Entry { first_seq: long(it, 0), at: long(it, 8), plain_at: long(it, 16) };
        let index = bytes.chunks_exact(ENTRY).map(entry).collect();
        let packed = Self {
            file,
            path: path.to_path_buf(),
            store: *store,
            summary,
            index,
            end: at,
            held: None,
            block: Vec::new(),
        };
        if !packed.is_tiled() {
            return Err(StoreError::corrupt(path, at, "the index does not fit the blocks"));
        }
        Ok(packed)
    }

    /// Its length in the file.
    pub(super) fn size(&self) -> Result<u64, StoreError> {
        self.file.size().map_err(StoreError::io("read", &self.path))
    }

    /// Whether the blocks lie one behind the other, in the file and in the plain segment, from the
    /// head to the index: then there is no byte that no checksum covers.
    fn is_tiled(&self) -> bool {
        let begins = self.index.first().is_some_and(|first| {
            (first.at, first.plain_at, first.first_seq) == (HEAD as u64, 0, self.summary.first_seq)
        });
        let rises = |(at, entry): (usize, &Entry)| {
            let (file_end, plain_end) = self.ends(at);
            let next_seq = self.index.get(at + 1).map_or(u64::MAX, |next| next.first_seq);
            file_end.checked_sub(entry.at).is_some_and(|len| len > BLOCK_HEAD as u64)
                && plain_end
                    .checked_sub(entry.plain_at)
                    .is_some_and(|len| len > 0 && len <= MAX_BLOCK)
                && next_seq > entry.first_seq
        };
        begins && self.index.iter().enumerate().all(rises)
    }

    /// Where a block ends, in the file and in the plain segment.
    fn ends(&self, block: usize) -> (u64, u64) {
        let next = self.index.get(block + 1);
        next.map_or((self.end, self.summary.plain_bytes), |next| (next.at, next.plain_at))
    }

    /// The block that has the byte at an offset of the plain segment.
    fn block_of(&self, offset: u64) -> usize {
        self.index.partition_point(|entry| entry.plain_at <= offset).saturating_sub(1)
    }

    /// Where to begin for all frames that reach a sequence number: the offset in the plain segment,
    /// and what a walk has to know there. None if that is the beginning.
    pub(super) fn before(&mut self, seq: u64) -> Result<Option<(u64, u64, u32)>, StoreError> {
        let block = self.index.partition_point(|entry| entry.first_seq <= seq).saturating_sub(1);
        if block == 0 {
            return Ok(None);
        }
        let previous = self.load(block)?;
        Ok(self.index.get(block).map(|entry| (entry.plain_at, entry.first_seq, previous)))
    }

    /// Brings a block into memory; answers the checksum that its first frame repeats.
    fn load(&mut self, block: usize) -> Result<u32, StoreError> {
        self.held = None;
        let Some(entry) = self.index.get(block).copied() else {
            return Err(StoreError::corrupt(&self.path, self.end, "there is no such block"));
        };
        let damaged = |what: &str| Err(StoreError::corrupt(&self.path, entry.at, what));
        let (file_end, plain_end) = self.ends(block);
        let bytes = exactly(&mut *self.file, &self.path, entry.at, file_end - entry.at)?;
        let (head, packed) = bytes.split_at_checked(BLOCK_HEAD).unwrap_or_default();
        if !head.starts_with(&BLOCK_MAGIC) || !is_sealed(&self.store, head, BLOCK_HEAD) {
            return damaged("the head of the block fails its checksum");
        }
        let plain_len = plain_end - entry.plain_at;
        if u64::from(word(head, 4)) != packed.len() as u64
            || u64::from(word(head, 8)) != plain_len
            || long(head, 16) != entry.first_seq
        {
            return damaged("the block is not the one that the index names");
        }
        if crc32c::crc32c(packed) != word(head, 24) {
            return damaged("the block fails its checksum");
        }
        self.block.resize(usize::try_from(plain_len).unwrap_or(0), 0);
        match lz4_flex::block::decompress_into(packed, &mut self.block) {
            Ok(len) if len == self.block.len() => {
                self.held = Some(block);
                Ok(word(head, 12))
            }
            _ => damaged("the block does not unpack to what it held"),
        }
    }
}

/// So many bytes from a place that lies within the file.
fn exactly(file: &mut dyn DiskFile, path: &Path, at: u64, len: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    let found = file.read_at(at, &mut bytes).map_err(StoreError::io("read", path))?;
    if found as u64 == len {
        return Ok(bytes);
    }
    Err(StoreError::corrupt(path, at + found as u64, "the compressed segment is cut short"))
}

impl Bytes for Packed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, StoreError> {
        let mut done = 0;
        while done < into.len() {
            let at = offset + done as u64;
            if at >= self.summary.plain_bytes {
                break;
            }
            let block = self.block_of(at);
            if self.held != Some(block) {
                self.load(block)?;
            }
            let begins = self.index.get(block).map_or(0, |entry| entry.plain_at);
            let skip = usize::try_from(at - begins).unwrap_or(usize::MAX);
            let rest = self.block.get(skip..).unwrap_or_default();
            let slots = into.get_mut(done..).unwrap_or_default();
            let count = rest.len().min(slots.len());
            if let (Some(slots), Some(found)) = (slots.get_mut(..count), rest.get(..count)) {
                slots.copy_from_slice(found);
            }
            if count == 0 {
                break;
            }
            done += count;
        }
        Ok(done)
    }

    fn place(&self, offset: u64) -> u64 {
        self.index.get(self.block_of(offset)).map_or(0, |entry| entry.at)
    }
}
