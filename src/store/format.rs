//! The file that says what a directory is: which format, and which store. It knows nothing of the
//! other files.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io;
use std::path::Path;

use super::StoreError;
use super::disk::{Disk, OsDisk, if_there};

/// The newest store format that this version reads, and the one it writes.
pub const FORMAT: u32 = 4;
/// The oldest store format that this version reads: those before it were never released.
pub const OLDEST_FORMAT: u32 = 3;
const NAME: &str = "format";
const UNFINISHED: &str = "format.new";
const FIRST_LINE: &str = "holdline store";
/// The whole file is a few dozen bytes; what is longer is something else.
const MAX_BYTES: u64 = 4096;

/// A store's identity, drawn when it is made, so that files of two stores cannot be mixed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreId(pub [u8; 16]);

impl StoreId {
    /// A new one. It has to be unlikely to repeat, not hard to guess.
    #[must_use]
    pub fn draw() -> Self {
        // Every `RandomState` is seeded by the system.
        let (one, two) = (RandomState::new(), RandomState::new());
        let low = u128::from(one.hash_one(std::process::id()));
        let high = u128::from(two.hash_one(std::time::SystemTime::now()));
        Self((high << 64 | low).to_be_bytes())
    }

    fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = plain.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
        Some(Self(number.to_be_bytes()))
    }
}

impl std::fmt::Display for StoreId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Reads the identity and the format; none if the file is not there.
pub(super) fn read(dir: &Path) -> Result<Option<(StoreId, u32)>, StoreError> {
    let path = dir.join(NAME);
    let long = fs::metadata(&path).is_ok_and(|about| about.len() > MAX_BYTES);
    if long {
        return Err(StoreError::corrupt(&path, 0, "expected a short text"));
    }
    let Some(bytes) = if_there(fs::read(&path)).map_err(StoreError::io("read", &path))? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    if lines.next() != Some(FIRST_LINE) {
        return Err(StoreError::NotAStore {
            path: dir.to_path_buf(),
            what: "its file `format` is something else's".to_owned(),
        });
    }
    let version = lines.next().and_then(|line| line.strip_prefix("format "));
    let found = match version.and_then(|text| text.parse::<u32>().ok()) {
        Some(found @ OLDEST_FORMAT..=FORMAT) => found,
        Some(found @ 1..OLDEST_FORMAT) => {
            return Err(StoreError::OlderFormat { found, reads: OLDEST_FORMAT });
        }
        Some(found) if found > FORMAT => {
            return Err(StoreError::NewerFormat { found, reads: FORMAT });
        }
        _ => {
            let at = FIRST_LINE.len() as u64 + 1;
            let expected = format!("expected `format {FORMAT}`, or a lower number");
            return Err(StoreError::corrupt(&path, at, &expected));
        }
    };
    let id = lines.next().and_then(|line| line.strip_prefix("store "));
    let Some(id) = id.and_then(StoreId::parse) else {
        let what = "expected `store` and 32 hexadecimal digits";
        return Err(StoreError::corrupt(&path, 0, what));
    };
    // The text is written in one way only, so anything else in it is damage.
    if bytes != render(id, found).as_bytes() {
        return Err(StoreError::corrupt(&path, 0, "the text is not as written"));
    }
    Ok(Some((id, found)))
}

fn render(id: StoreId, format: u32) -> String {
    let head = format!("{FIRST_LINE}\nformat {format}\nstore {id}\n");
    let checksum = crc32c::crc32c(head.as_bytes());
    format!("{head}checksum {checksum:08x}\n")
}

/// Writes the identity and today's format, whole and durable or not at all. It is the last file of
/// a new store: where it is, the rest is.
pub(super) fn write(dir: &Path, id: StoreId) -> Result<(), StoreError> {
    let (path, unfinished) = (dir.join(NAME), dir.join(UNFINISHED));
    let failed = |source| StoreError::io("create", &path)(source);
    match OsDisk.remove(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OsDisk.create(&unfinished).map_err(failed)?;
    file.write_at(0, render(id, FORMAT).as_bytes())
        .and_then(|()| file.sync())
        .and_then(|()| OsDisk.rename(&unfinished, &path))
        .and_then(|()| OsDisk.sync_dir(dir))
        .map_err(failed)
}

/// Whether a directory without the file holds nothing but what an interrupted creation leaves.
pub(super) fn is_fresh(dir: &Path) -> Result<bool, StoreError> {
    let names = OsDisk.list(dir).map_err(StoreError::io("list", dir))?;
    let ours = ["lock", UNFINISHED, "journal"];
    Ok(names.iter().all(|name| ours.contains(&name.as_str())))
}
