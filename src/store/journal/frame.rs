//! The bytes of a frame, and of the head of a segment. It knows nothing of files beyond offsets:
//! what it is asked is "does this check out" and "can a loss of power have done this".

use crate::engine::port::Frame;

/// A sector is what a disk writes or loses whole.
pub(super) const SECTOR: usize = 512;
/// Frames begin at multiples of it, and heads are this long: so a head never spans two sectors.
pub(super) const HEAD: usize = 64;
/// The least padding after a payload, so that a frame's last sector always shows that it was
/// written.
const MIN_PADDING: usize = 8;
const PADDING: u8 = 0xff;
/// A written sector holds at least so many bytes that are not zero, or the frame is marked sparse.
const MIN_MARKS: usize = 8;
/// The longest payload.
pub const MAX_PAYLOAD: usize = 64 * 1024 * 1024;

const FRAME_MAGIC: [u8; 4] = *b"HLfr";
const SEGMENT_MAGIC: [u8; 8] = *b"HLjrnl\r\n";
pub(super) const SEGMENT_VERSION: u32 = 1;
const SPARSE: u32 = 1;
/// The flag of a segment whose frames were written anew.
const REWRITTEN: u32 = 1;

/// Which store a file belongs to.
pub(super) type StoreId = [u8; 16];

pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    found.map_or(0, |found| u32::from_le_bytes(*found))
}

pub(super) fn long(bytes: &[u8], at: usize) -> u64 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
    found.map_or(0, |found| u64::from_le_bytes(*found))
}

/// The checksum over a head covers the store's id too: a frame of another store does not check out.
fn head_checksum(store: &StoreId, head: &[u8]) -> u32 {
    let covered = head.get(..HEAD - 4).unwrap_or_default();
    crc32c::crc32c_append(crc32c::crc32c(store), covered)
}

/// What stands at the start of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHead {
    pub first_seq: u64,
    /// The checksum of the frame before its first one.
    pub previous: u32,
    /// In one whose frames were written anew: what it stands for.
    pub rewritten: Option<Rewritten>,
}

/// What was true of a segment before its frames were written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// The checksum of its last frame, which the segment after it repeats.
    pub ends: u32,
    /// When it was last written to, in milliseconds since 1970.
    pub modified_ms: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum SegmentFault {
    Newer(u32),
    Damaged(&'static str),
}

impl SegmentHead {
    pub(super) fn encode(&self, store: &StoreId) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD);
        head.extend(SEGMENT_MAGIC);
        head.extend(SEGMENT_VERSION.to_le_bytes());
        head.extend(self.previous.to_le_bytes());
        head.extend(self.first_seq.to_le_bytes());
        head.extend(store);
        if let Some(Rewritten { ends, modified_ms }) = self.rewritten {
            head.extend(REWRITTEN.to_le_bytes());
            head.extend(ends.to_le_bytes());
            head.extend(modified_ms.to_le_bytes());
        }
        head.resize(HEAD - 4, 0);
        head.extend(head_checksum(store, &head).to_le_bytes());
        head
    }

    pub(super) fn decode(store: &StoreId, bytes: &[u8]) -> Result<Self, SegmentFault> {
        if bytes.len() < HEAD {
            return Err(SegmentFault::Damaged("the segment's head is cut short"));
        }
        if !bytes.starts_with(&SEGMENT_MAGIC) {
            return Err(SegmentFault::Damaged("this is no segment of a journal"));
        }
        if word(bytes, HEAD - 4) != head_checksum(store, bytes) {
            let other = bytes.get(24..40) != Some(store.as_slice());
            return Err(SegmentFault::Damaged(if other {
                "the segment belongs to another store, or its head fails its checksum"
            } else {
                "the segment's head fails its checksum"
            }));
        }
        let version = word(bytes, 8);
        if version != SEGMENT_VERSION {
            return Err(SegmentFault::Newer(version));
        }
        let rewritten = Rewritten { ends: word(bytes, 44), modified_ms: long(bytes, 48) };
        let is_rewritten = word(bytes, 40) & REWRITTEN != 0;
        Ok(Self {
            first_seq: long(bytes, 16),
            previous: word(bytes, 12),
            rewritten: is_rewritten.then_some(rewritten),
        })
    }
}

/// What stands at the start of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    flags: u32,
    pub first_seq: u64,
    pub last_seq: u64,
    /// The last number that was known to be durable when this frame was written.
    pub synced_seq: u64,
    pub payload_len: usize,
    body_checksum: u32,
    pub previous: u32,
    /// The checksum over this head, which the next frame repeats.
    pub checksum: u32,
}

/// How long payload and padding are together.
fn body_len(payload_len: usize) -> usize {
    (payload_len + MIN_PADDING).next_multiple_of(HEAD)
}

/// The parts of a frame's body by sector, without those in the head's own sector.
fn later_sectors(offset: u64, body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let within = usize::try_from(offset % SECTOR as u64).unwrap_or(0);
    let first = (SECTOR - within).saturating_sub(HEAD);
    body.get(first..).unwrap_or_default().chunks(SECTOR)
}

fn all_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

impl Head {
    pub(super) fn decode(store: &StoreId, bytes: &[u8]) -> Option<Self> {
        let checksum = word(bytes, HEAD - 4);
        let sound = bytes.len() >= HEAD
            && bytes.starts_with(&FRAME_MAGIC)
            && checksum == head_checksum(store, bytes);
        let payload_len = usize::try_from(word(bytes, 32)).ok()?;
        if !sound || payload_len > MAX_PAYLOAD {
            return None;
        }
        Some(Self {
            flags: word(bytes, 4),
            first_seq: long(bytes, 8),
            last_seq: long(bytes, 16),
            synced_seq: long(bytes, 24),
            payload_len,
            body_checksum: word(bytes, 36),
            previous: word(bytes, 40),
            checksum,
        })
    }

    /// How long payload and padding are together.
    pub(super) fn body_len(&self) -> usize {
        body_len(self.payload_len)
    }

    pub(super) fn fits(&self, body: &[u8]) -> bool {
        body.len() == self.body_len() && crc32c::crc32c(body) == self.body_checksum
    }

    /// Whether a body that does not fit can be one that was never wholly written: a sector of it is
    /// all zero, and none was when it was written.
    pub(super) fn torn(&self, offset: u64, body: &[u8]) -> bool {
        self.flags & SPARSE == 0 && later_sectors(offset, body).any(all_zero)
    }
}

/// Whether a head that does not check out can be one that was never written: everything from it to
/// the end of its sector, or of the file, is zero.
pub(super) fn head_torn(offset: u64, rest: &[u8]) -> bool {
    let within = usize::try_from(offset % SECTOR as u64).unwrap_or(0);
    all_zero(rest.get(..SECTOR - within).unwrap_or(rest))
}

/// Appends the bytes of a frame that will stand at `offset`; answers its checksum.
pub(super) fn encode(
    store: &StoreId,
    frame: &Frame<'_>,
    synced_seq: u64,
    previous: u32,
    offset: u64,
    out: &mut Vec<u8>,
) -> u32 {
    let mut body = Vec::with_capacity(body_len(frame.payload.len()));
    body.extend(frame.payload);
    body.resize(body_len(frame.payload.len()), PADDING);
    let sparse = later_sectors(offset, &body)
        .any(|part| part.iter().filter(|byte| **byte != 0).count() < MIN_MARKS);
    let mut head = Vec::with_capacity(HEAD);
    head.extend(FRAME_MAGIC);
    head.extend(if sparse { SPARSE } else { 0 }.to_le_bytes());
    head.extend(frame.first_seq.to_le_bytes());
    head.extend(frame.last_seq.to_le_bytes());
    head.extend(synced_seq.to_le_bytes());
    // INVARIANT: the caller has checked the length against `MAX_PAYLOAD`, so it fits.
    let len = u32::try_from(frame.payload.len()).unwrap_or(u32::MAX);
    head.extend(len.to_le_bytes());
    head.extend(crc32c::crc32c(&body).to_le_bytes());
    head.extend(previous.to_le_bytes());
    head.resize(HEAD - 4, 0);
    let checksum = head_checksum(store, &head);
    head.extend(checksum.to_le_bytes());
    out.extend(head);
    out.extend(body);
    checksum
}
