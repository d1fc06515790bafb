//! The bytes of a record in a checkpoint: its key, its envelope, its pieces, and the manifest over
//! them. It knows nothing of the database that they lie in.

use serde::{Deserialize, Serialize};

use crate::engine::port::Tree;

/// The longest key of a record.
pub const MAX_KEY: usize = 512;
/// The most bytes of a value in one piece: the database makes files of its own of larger ones.
pub(super) const PIECE: usize = 30 * 1024;
/// The most pieces of one value after its first.
const MAX_LATER: usize = 4096;
const RECORD_VERSION: u8 = 2;
pub(super) const MANIFEST_TAG: u8 = 0xff;
/// The format of checkpoints as a whole.
pub(in crate::store) const CHECKPOINT_VERSION: u32 = 4;
/// Begins the keys of manifests. No key of a record of `meta` begins so.
const MANIFEST_PREFIX: [u8; 8] = [0xff; 8];
/// Begins the keys of directories.
const DIRECTORY_PREFIX: [u8; 8] = [0xfe; 8];
/// The key of the epoch below which all may have been used.
pub(super) const RESERVED_KEY: [u8; 8] = [0xfd; 8];
/// The key of the epoch beside which, and the one before it, nothing is there.
pub(super) const TIDY_KEY: [u8; 8] = [0xfc; 8];
/// How the bytes of a value are kept.
const RAW: u8 = 0;
const LZ4: u8 = 1;
/// What is shorter is not worth packing.
const MIN_PACKED: usize = 64;
const HEAD: usize = 4;
const TAIL: usize = 4;

/// The number of a tree on disk; never reused.
pub(in crate::store) const fn tag(tree: Tree) -> u8 {
    match tree {
        Tree::Meta => 1,
        Tree::Names => 2,
        Tree::Companies => 3,
        Tree::Prospects => 4,
        Tree::Campaigns => 5,
        Tree::Senders => 6,
        Tree::Timelines => 7,
        Tree::Agenda => 8,
        Tree::Holds => 9,
        Tree::Windows => 10,
        Tree::Seen => 11,
        Tree::Policies => 12,
    }
}

/// The key of a record's first piece: of one key, the newest lies last.
pub(super) fn record_key(key: &[u8], epoch: u64) -> Vec<u8> {
    [key, &epoch.to_be_bytes()].concat()
}

/// The key of a later piece of a long value.
pub(super) fn piece_key(tag: u8, key: &[u8], epoch: u64, piece: u16) -> Vec<u8> {
    [[tag].as_slice(), key, &epoch.to_be_bytes(), &piece.to_be_bytes()].concat()
}

/// The key, among the records of `meta`, of the directory of a tree.
pub(super) fn directory_key(tag: u8) -> Vec<u8> {
    [DIRECTORY_PREFIX.as_slice(), &[tag]].concat()
}

/// Whether a key in `meta` is no record's: a manifest's, or that of a number kept by itself.
pub(super) fn is_own(full_key: &[u8]) -> bool {
    full_key.starts_with(&MANIFEST_PREFIX) || full_key == RESERVED_KEY || full_key == TIDY_KEY
}

pub(super) fn is_directory(key: &[u8]) -> bool {
    key.starts_with(&DIRECTORY_PREFIX)
}

pub(super) fn manifest_key(epoch: u64) -> Vec<u8> {
    record_key(&MANIFEST_PREFIX, epoch)
}

/// The epoch that a manifest's key names.
pub(super) fn manifest_epoch(key: &[u8]) -> Option<u64> {
    let rest = key.strip_prefix(&MANIFEST_PREFIX)?;
    Some(u64::from_be_bytes(rest.try_into().ok()?))
}

/// The key proper of a record, and the epoch behind it.
pub(super) fn split_key(full_key: &[u8]) -> Option<(&[u8], u64)> {
    let (key, epoch) = full_key.split_last_chunk::<8>()?;
    Some((key, u64::from_be_bytes(*epoch)))
}

/// The tree's number, the key and the epoch of the record that a later piece belongs to.
pub(super) fn split_piece_key(full_key: &[u8]) -> Option<(u8, &[u8], u64)> {
    let (rest, _) = full_key.split_last_chunk::<2>()?;
    let (tag, rest) = rest.split_first()?;
    let (key, epoch) = split_key(rest)?;
    Some((*tag, key, epoch))
}

/// The bytes of a value as they are kept: packed, where that makes them fewer.
pub(in crate::store) fn pack(value: &[u8]) -> Vec<u8> {
    let mut kept = vec![RAW];
    if value.len() >= MIN_PACKED {
        let packed = lz4_flex::block::compress_prepend_size(value);
        if packed.len() < value.len() {
            kept = vec![LZ4];
            kept.extend(packed);
            return kept;
        }
    }
    kept.extend(value);
    kept
}

/// The bytes of a value, from those that were kept.
pub(in crate::store) fn unpack(kept: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, &'static str> {
    let bad = "a record does not unpack";
    match kept.split_first() {
        Some((&RAW, value)) => Ok(value.into()),
        Some((&LZ4, packed)) => {
            let (size, _) = lz4_flex::block::uncompressed_size(packed).map_err(|_| bad)?;
            if size > crate::store::codec::MAX_BYTES {
                return Err(bad);
            }
            lz4_flex::block::decompress_size_prepended(packed).map(Into::into).map_err(|_| bad)
        }
        _ => Err(bad),
    }
}

/// The first piece of a value and the later ones; none if there would be too many.
pub(super) fn pieces(body: &[u8]) -> Option<(&[u8], impl Iterator<Item = &[u8]>)> {
    let (first, rest) = body.split_at_checked(PIECE).unwrap_or((body, &[]));
    (rest.len() <= MAX_LATER * PIECE).then(|| (first, rest.chunks(PIECE)))
}

/// One piece as it is kept. The checksum covers the key too: a value under another key is damage.
pub(super) fn seal(tag: u8, later_pieces: u16, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + body.len() + TAIL);
    bytes.extend([tag, RECORD_VERSION]);
    bytes.extend(later_pieces.to_le_bytes());
    bytes.extend(body);
    bytes.extend(checksum(key, &bytes).to_le_bytes());
    bytes
}

fn checksum(key: &[u8], bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), bytes)
}

/// How many later pieces there are, and the piece's body.
pub(super) fn unseal<'a>(
    tag: u8,
    key: &[u8],
    bytes: &'a [u8],
) -> Result<(u16, &'a [u8]), &'static str> {
    let short = "a record is cut short";
    let (covered, sum) = bytes.split_last_chunk::<TAIL>().ok_or(short)?;
    if checksum(key, covered) != u32::from_le_bytes(*sum) {
        return Err("a record fails its checksum");
    }
    let ([found, version, low, high], body) = covered.split_first_chunk::<HEAD>().ok_or(short)?;
    if *found != tag {
        return Err("a record is of another kind");
    }
    if *version != RECORD_VERSION {
        return Err("a record is of a version that this one does not read");
    }
    Ok((u16::from_le_bytes([*low, *high]), body))
}

/// What makes a checkpoint one: without it, its records do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub(super) version: u32,
    /// Which checkpoint of this store; each has a greater number than the one before.
    pub epoch: u64,
    /// The last command that its state includes.
    pub seq: u64,
    pub(super) store: [u8; 16],
    /// Whatever the writer wanted to keep beside it.
    pub meta: Vec<u8>,
    /// For each tree its number and how many records it has. They are in its directory.
    pub(super) trees: Vec<(u8, u64)>,
}

impl Manifest {
    /// How many records a tree has.
    #[must_use]
    pub fn records(&self, tree: Tree) -> u64 {
        let found = self.trees.iter().find(|(tag, _)| *tag == self::tag(tree));
        found.map_or(0, |(_, records)| *records)
    }
}
