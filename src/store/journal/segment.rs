//! One file of frames: creating it, walking it, and judging where it stops checking out. It knows
//! nothing of the other segments, nor of how the bytes are kept.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::TornTail;
use super::frame::{self, HEAD, Head, SECTOR, SegmentFault, SegmentHead, StoreId};
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskFile};

const SUFFIX: &str = ".seg";
/// What a compressed segment has behind its name.
pub(super) const PACKED: &str = ".lz4";
/// What a segment is called until it is whole.
pub(super) const UNFINISHED: &str = ".new";
const DIGITS: usize = 20;
const WINDOW: usize = 1024 * 1024;

/// The file name of the segment that begins with a sequence number.
pub(super) fn file_name(first_seq: u64) -> String {
    format!("{first_seq:0DIGITS$}{SUFFIX}")
}

/// The file name of a compressed segment.
pub(super) fn packed_name(first_seq: u64) -> String {
    file_name(first_seq) + PACKED
}

/// The sequence number in a file name, if it is a segment's that is not compressed.
pub(super) fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Creates a segment under its final name, whole and durable, or not at all.
pub(super) fn create(
    disk: &dyn Disk,
    dir: &Path,
    store: &StoreId,
    head: &SegmentHead,
) -> Result<Box<dyn DiskFile>, StoreError> {
    let path = dir.join(file_name(head.first_seq));
    let unfinished = dir.join(format!("{}{UNFINISHED}", file_name(head.first_seq)));
    let mut file = disk.create(&unfinished).map_err(StoreError::io("create", &unfinished))?;
    file.write_at(0, &head.encode(store))
        .and_then(|()| file.sync())
        .map_err(StoreError::io("write", &unfinished))?;
    disk.rename(&unfinished, &path)
        .and_then(|()| disk.sync_dir(dir))
        .map_err(StoreError::io("create", &path))?;
    Ok(file)
}

/// The bytes of a segment, however they are kept.
pub(super) trait Bytes: Send {
    /// The file.
    fn path(&self) -> &Path;

    /// Fills `into` from `offset` on as far as the segment goes, and answers how far that was.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, StoreError>;

    /// Where in the file the byte at `offset` of the segment lies.
    fn place(&self, offset: u64) -> u64 {
        offset
    }
}

/// What stands at the start of a segment.
pub(super) fn head(source: &mut dyn Bytes, store: &StoreId) -> Result<SegmentHead, StoreError> {
    let mut bytes = [0; HEAD];
    let found = source.read_at(0, &mut bytes)?;
    decoded(source, store, bytes.get(..found).unwrap_or_default())
}

fn decoded(source: &dyn Bytes, store: &StoreId, head: &[u8]) -> Result<SegmentHead, StoreError> {
    let (path, place) = (source.path(), |offset| source.place(offset));
    SegmentHead::decode(store, head).map_err(|fault| match fault {
        SegmentFault::Newer(version) => {
            let what =
                format!("expected segment version {}, found {version}", frame::SEGMENT_VERSION);
            StoreError::corrupt(path, place(8), what)
        }
        SegmentFault::Damaged(what) => StoreError::corrupt(path, place(0), what),
    })
}

/// A stretch of a segment in memory, moved along as it is asked for.
struct Window<'a> {
    source: Box<dyn Bytes + 'a>,
    /// How far of it is looked at.
    size: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// The bytes from `offset` on, `len` of them or as many as the file has.
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], StoreError> {
        let inside = |start: u64, held: usize| {
            let skip = usize::try_from(offset.checked_sub(start)?).ok()?;
            (skip.checked_add(len)? <= held).then_some(skip)
        };
        if inside(self.start, self.bytes.len()).is_none() {
            let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
            self.bytes = vec![0; len.max(WINDOW).min(rest)];
            let found = self.source.read_at(offset, &mut self.bytes)?;
            self.bytes.truncate(found);
            self.start = offset;
        }
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let rest = self.bytes.get(skip..).unwrap_or_default();
        Ok(rest.get(..len).unwrap_or(rest))
    }
}

/// Where a segment stops checking out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bad {
    pub what: &'static str,
    /// A loss of power during the write can have done it.
    torn: bool,
}

/// What stands next in a segment.
pub(super) enum Next<'a> {
    Frame(Head, &'a [u8]),
    End,
    Bad(Bad),
}

/// Walks the frames of a segment, each checked against the one before it.
pub(super) struct Walk<'a> {
    window: Window<'a>,
    store: StoreId,
    /// Where the next frame begins.
    pub offset: u64,
    pub next_seq: u64,
    /// The checksum of the frame before.
    pub previous: u32,
    /// In a segment whose frames were written anew: the checksum that the next one repeats.
    stands_for: Option<u32>,
}

impl<'a> Walk<'a> {
    /// Starts behind the head of the segment that begins with a sequence number; it is checked.
    pub(super) fn start(
        source: Box<dyn Bytes + 'a>,
        store: &StoreId,
        first_seq: u64,
        size: u64,
    ) -> Result<Self, StoreError> {
        let mut window = Window { source, size, start: 0, bytes: Vec::new() };
        let bytes = window.at(0, HEAD)?.to_vec();
        let head = decoded(&*window.source, store, &bytes)?;
        if head.first_seq != first_seq {
            let what = format!("expected {}, as the file's name says", head.first_seq);
            let (path, place) = (window.source.path(), window.source.place(16));
            return Err(StoreError::corrupt(path, place, what));
        }
        Ok(Self {
            window,
            store: *store,
            offset: HEAD as u64,
            next_seq: head.first_seq,
            previous: head.previous,
            stands_for: head.rewritten.map(|it| it.ends),
        })
    }

    /// Goes on behind a frame that was read before: `offset` is where the next one begins.
    pub(super) fn resume(
        source: Box<dyn Bytes + 'a>,
        store: &StoreId,
        size: u64,
        (offset, next_seq, previous): (u64, u64, u32),
        stands_for: Option<u32>,
    ) -> Self {
        let window = Window { source, size, start: 0, bytes: Vec::new() };
        Self { window, store: *store, offset, next_seq, previous, stands_for }
    }

    /// The checksum that the segment after this one has to repeat, once all of it was walked.
    pub(super) fn ends(&self) -> u32 {
        self.stands_for.unwrap_or(self.previous)
    }

    /// What lies behind the last frame that checked out.
    pub(super) fn rest(&self) -> TornTail {
        let bytes = self.window.size.saturating_sub(self.offset);
        TornTail { file: self.window.source.path().to_path_buf(), offset: self.offset, bytes }
    }

    /// The error of what does not check out next.
    pub(super) fn damage(&self, bad: Bad) -> StoreError {
        self.damage_at(self.offset, bad.what)
    }

    /// The error of what is wrong at an offset of the segment.
    pub(super) fn damage_at(&self, offset: u64, what: impl Into<String>) -> StoreError {
        let source = &self.window.source;
        StoreError::corrupt(source.path(), source.place(offset), what)
    }

    pub(super) fn next(&mut self) -> Result<Next<'_>, StoreError> {
        let bad = |what, torn| Ok(Next::Bad(Bad { what, torn }));
        let rest = self.window.size.saturating_sub(self.offset);
        if rest == 0 {
            return Ok(Next::End);
        }
        if rest < HEAD as u64 {
            return bad("the head of the frame is cut short", true);
        }
        let bytes = self.window.at(self.offset, SECTOR)?;
        let Some(head) = Head::decode(&self.store, bytes) else {
            return if frame::head_torn(self.offset, bytes) {
                bad("the frame was not written", true)
            } else {
                bad("the head of the frame fails its checksum", false)
            };
        };
        if head.first_seq != self.next_seq || head.last_seq < head.first_seq {
            return bad("the sequence numbers do not follow the frame before", false);
        }
        if head.previous != self.previous {
            return bad("the frame does not follow the one before", false);
        }
        let len = HEAD + head.body_len();
        if rest < len as u64 {
            return bad("the frame is cut short", true);
        }
        let offset = self.offset;
        let body = self.window.at(offset, len)?.get(HEAD..).unwrap_or_default();
        if !head.fits(body) {
            let torn = head.torn(offset, body);
            return bad("the frame fails its checksum", torn);
        }
        self.offset += len as u64;
        self.next_seq = head.last_seq.saturating_add(1);
        self.previous = head.checksum;
        let payload = body.get(..head.payload_len).unwrap_or_default();
        Ok(Next::Frame(head, payload))
    }

    /// Whether the bytes from here on may be cut off: a loss of power can have done this, and no
    /// frame further on was written when the next sequence number was already durable.
    pub(super) fn may_cut(&mut self, bad: Bad) -> Result<bool, StoreError> {
        if !bad.torn {
            return Ok(false);
        }
        let mut offset = self.offset + HEAD as u64;
        while offset + HEAD as u64 <= self.window.size {
            let bytes = self.window.at(offset, HEAD)?;
            let later = Head::decode(&self.store, bytes);
            if later.is_some_and(|head| head.synced_seq >= self.next_seq) {
                return Ok(false);
            }
            offset += HEAD as u64;
        }
        Ok(true)
    }
}

/// What lies in a journal's directory.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The first sequence number of each segment, ascending.
    pub firsts: Vec<u64>,
    /// Those of them that are compressed, and of which nothing else is there.
    pub packed: Vec<u64>,
    /// What is nobody's: files that were never finished, and compressed segments whose plain one is
    /// still there, and counts.
    pub leftovers: Vec<PathBuf>,
}

/// How often what was compressed or trimmed meanwhile is looked at again.
const LOOKS: u32 = 10;

/// Reads segments that another process may compress or trim meanwhile: what went between listing
/// and opening is looked for again.
pub(super) fn while_others_work<T>(
    dir: &Path,
    mut look: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut looks = 0;
    loop {
        looks += 1;
        match look() {
            Err(StoreError::Io { path, source, .. })
                if looks < LOOKS
                    && source.kind() == ErrorKind::NotFound
                    && path.parent() == Some(dir) => {}
            result => return result,
        }
    }
}

/// Looks at what lies in a journal's directory.
pub(super) fn list(disk: &dyn Disk, dir: &Path) -> Result<Listing, StoreError> {
    let mut found = Listing::default();
    for name in disk.list(dir).map_err(StoreError::io("list", dir))? {
        if let Some(first) = parse_name(&name) {
            found.firsts.push(first);
        } else if let Some(first) = name.strip_suffix(PACKED).and_then(parse_name) {
            found.packed.push(first);
        } else if name.ends_with(UNFINISHED) {
            found.leftovers.push(dir.join(name));
        }
    }
    found.firsts.sort_unstable();
    let (double, packed): (Vec<_>, Vec<_>) =
        found.packed.iter().partition(|first| found.firsts.binary_search(first).is_ok());
    found.leftovers.extend(double.into_iter().map(|first| dir.join(packed_name(first))));
    found.packed = packed;
    found.firsts.extend(&found.packed);
    found.firsts.sort_unstable();
    found.packed.sort_unstable();
    Ok(found)
}
