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
const RECORD_VERSION: u8 = 1;
pub(super) const MANIFEST_TAG: u8 = 0xff;
/// The format of checkpoints as a whole.
pub(super) const CHECKPOINT_VERSION: u32 = 2;
/// Stands where a record's epoch would, before the keys of manifests.
const MANIFEST_PREFIX: [u8; 8] = [0xff; 8];
const HEAD: usize = 4;
const TAIL: usize = 4;

/// The number of a tree on disk; never reused.
pub(super) const fn tag(tree: Tree) -> u8 {
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

pub(super) fn record_key(epoch: u64, key: &[u8]) -> Vec<u8> {
    [&epoch.to_be_bytes(), key].concat()
}

/// The key of a later piece of a long value.
pub(super) fn piece_key(epoch: u64, tag: u8, piece: u16, key: &[u8]) -> Vec<u8> {
    [&epoch.to_be_bytes(), [tag].as_slice(), &piece.to_be_bytes(), key].concat()
}

pub(super) fn manifest_key(epoch: u64) -> Vec<u8> {
    record_key(u64::MAX, &epoch.to_be_bytes())
}

/// The epoch that a manifest's key names.
pub(super) fn manifest_epoch(key: &[u8]) -> Option<u64> {
    let rest = key.strip_prefix(&MANIFEST_PREFIX)?;
    Some(u64::from_be_bytes(rest.try_into().ok()?))
}

/// The epoch at the start of a record's key, and the key proper.
pub(super) fn split_key(key: &[u8]) -> Option<(u64, &[u8])> {
    let (epoch, rest) = key.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*epoch), rest))
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

/// What a manifest says of one tree: how many pieces, and a digest over them in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub tag: u8,
    /// Records.
    pub records: u64,
    /// Pieces, the first of each record included.
    pub pieces: u64,
    pub digest: u64,
}

impl Tally {
    pub(super) const fn new(tag: u8) -> Self {
        Self { tag, records: 0, pieces: 0, digest: 0 }
    }

    /// Counts one piece as it is kept. A sum does not depend on the order, and mixing keeps pieces
    /// from cancelling each other out.
    pub(super) fn add(&mut self, sealed: &[u8], first: bool) {
        let sum = sealed.last_chunk::<TAIL>().map_or(0, |sum| u32::from_le_bytes(*sum));
        let len = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
        self.digest = self.digest.wrapping_add(mix(len << 32 | u64::from(sum)));
        self.pieces += 1;
        self.records += u64::from(first);
    }
}

/// The finalizer of SplitMix64.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
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
    pub(super) trees: Vec<Tally>,
}

impl Manifest {
    /// How many records a tree has.
    #[must_use]
    pub fn records(&self, tree: Tree) -> u64 {
        self.tally(tag(tree)).records
    }

    pub(super) fn tally(&self, tag: u8) -> Tally {
        let found = self.trees.iter().find(|tally| tally.tag == tag);
        found.copied().unwrap_or(Tally::new(tag))
    }
}
