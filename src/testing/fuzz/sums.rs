//! Checksums put right, so that random bytes reach what lies behind them. They are computed here by
//! themselves, from `docs/format.md`: what computes them for the store is tried, not used.

/// The polynomial of CRC-32C, bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// The heads of segments, of frames and of bases have this length.
const HEAD: usize = 64;
const BLOCK_HEAD: usize = 32;
const ENTRY: usize = 24;
/// What stands behind the index of a compressed segment.
const PACKED_END: usize = 32;
/// What stands behind the records of a base, for so many trees.
const BASE_END: usize = 8 + 12 * 8 + 8 + 4 + 4;

/// CRC-32C of several stretches, one behind the other.
pub(super) fn checksum(parts: &[&[u8]]) -> u32 {
    let mut sum = u32::MAX;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
        }
    }
    !sum
}

pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    found.map_or(0, |found| u32::from_le_bytes(*found))
}

pub(super) fn long(bytes: &[u8], at: usize) -> u64 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
    found.map_or(0, |found| u64::from_le_bytes(*found))
}

fn place(bytes: &[u8], at: usize) -> usize {
    usize::try_from(long(bytes, at)).unwrap_or(usize::MAX)
}

fn put(bytes: &mut [u8], at: usize, sum: u32) {
    let slots = bytes.iter_mut().skip(at).zip(sum.to_le_bytes());
    slots.for_each(|(slot, byte)| *slot = byte);
}

fn part(bytes: &[u8], from: usize, len: usize) -> Option<&[u8]> {
    bytes.get(from..from.checked_add(len)?)
}

/// Puts the checksum of a head right, which covers the store's number too.
fn seal(store: &[u8; 16], bytes: &mut [u8], at: usize, len: usize) {
    if let Some(covered) = part(bytes, at, len - 4) {
        let sum = checksum(&[store, covered]);
        put(bytes, at + len - 4, sum);
    }
}

/// Has a plain segment check out as far as it has frames.
pub(super) fn seal_segment(store: &[u8; 16], bytes: &mut [u8]) {
    seal(store, bytes, 0, HEAD);
    let (mut at, mut previous) = (HEAD, word(bytes, 12));
    while part(bytes, at, HEAD).is_some_and(|head| head.starts_with(b"HLfr")) {
        let payload = usize::try_from(word(bytes, at + 32)).unwrap_or(0);
        let len = payload.saturating_add(8).next_multiple_of(HEAD);
        let Some(body) = part(bytes, at + HEAD, len) else {
            return;
        };
        let sum = checksum(&[body]);
        put(bytes, at + 36, sum);
        put(bytes, at + 40, previous);
        seal(store, bytes, at, HEAD);
        previous = word(bytes, at + HEAD - 4);
        at += HEAD + len;
    }
}

/// Has a compressed segment check out as far as its blocks lie where its index says.
pub(super) fn seal_packed(store: &[u8; 16], bytes: &mut [u8]) {
    seal(store, bytes, 0, HEAD);
    let Some(end) = bytes.len().checked_sub(PACKED_END) else {
        return;
    };
    let index = place(bytes, end + 8);
    let Some(entries) = bytes.get(index..end).map(<[u8]>::to_vec) else {
        return;
    };
    let sum = checksum(&[&entries]);
    put(bytes, end + 24, sum);
    seal(store, bytes, end, PACKED_END);
    for entry in entries.chunks_exact(ENTRY) {
        let at = place(entry, 8);
        let len = usize::try_from(word(bytes, at.saturating_add(4))).unwrap_or(0);
        let Some(body) = part(bytes, at.saturating_add(BLOCK_HEAD), len) else {
            continue;
        };
        let sum = checksum(&[body]);
        put(bytes, at + 24, sum);
        seal(store, bytes, at, BLOCK_HEAD);
    }
}

/// Has a base check out as far as it has records; its end is made anew to fit them.
pub(super) fn seal_base(store: &[u8; 16], bytes: &mut [u8]) {
    seal(store, bytes, 0, HEAD);
    let Some(end) = bytes.len().checked_sub(BASE_END) else {
        return;
    };
    let (mut at, mut counts) = (HEAD, [0_u64; 12]);
    while at < end {
        let key = usize::try_from(word(bytes, at) >> 16).unwrap_or(0);
        let value = usize::try_from(word(bytes, at + 4)).unwrap_or(0);
        let covered = (8 + key).saturating_add(value);
        let Some(record) = part(bytes, at, covered) else {
            return;
        };
        let sum = checksum(&[store, record]);
        let tree = record.first().copied().map_or(0, usize::from);
        let count = counts.get_mut(tree.wrapping_sub(1));
        count.into_iter().for_each(|count| *count += 1);
        put(bytes, at + covered, sum);
        at += covered + 4;
    }
    let whole = bytes.get(..end).map_or(0, |bytes| checksum(&[bytes]));
    let mut tail = b"HLbsend\n".to_vec();
    tail.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
    tail.extend((end as u64).to_le_bytes());
    tail.extend(whole.to_le_bytes());
    tail.resize(BASE_END, 0);
    seal(store, &mut tail, 0, BASE_END);
    bytes.iter_mut().skip(end).zip(tail).for_each(|(slot, byte)| *slot = byte);
}

/// Has a page of the database of checkpoints check out under its key.
pub(super) fn seal_page(key: &[u8], bytes: &mut [u8]) {
    if let Some(covered) = bytes.len().checked_sub(4) {
        let sum = bytes.get(..covered).map_or(0, |body| checksum(&[key, body]));
        put(bytes, covered, sum);
    }
}
