//! Looking for texts in every byte that a store keeps: in its files as they are, and in what they
//! have compressed.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::OpenError;
use crate::store::base::Bases;
use crate::store::checkpoint::Checkpoints;
use crate::store::disk::OsDisk;
use crate::store::{BASES, StoreError, StoreId, journal};

const CHUNK: usize = 1 << 20;

/// What was looked through, and what was found in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Searched {
    pub(super) files: u64,
    /// Bytes that were looked at, unpacked ones included.
    pub(super) bytes: u64,
    /// Each text that is there, by its place among those that were looked for, and where.
    pub(super) found: BTreeSet<(usize, String)>,
}

/// Texts that are looked for, whatever the case of their ASCII letters.
struct Search {
    needles: Vec<Vec<u8>>,
    /// The end of what came before, which a text may begin in.
    carried: Vec<u8>,
    done: Searched,
}

impl Search {
    fn new(texts: &[String]) -> Self {
        let needle = |text: &String| text.to_ascii_lowercase().into_bytes();
        let needles = texts.iter().map(needle).collect();
        Self { needles, carried: Vec::new(), done: Searched::default() }
    }

    /// Looks through the next bytes of a place.
    fn feed(&mut self, place: &str, bytes: &[u8]) {
        self.done.bytes += bytes.len() as u64;
        let mut all = std::mem::take(&mut self.carried);
        all.extend(bytes.iter().map(u8::to_ascii_lowercase));
        for (number, needle) in self.needles.iter().enumerate() {
            if has(&all, needle) {
                self.done.found.insert((number, place.to_owned()));
            }
        }
        let longest = self.needles.iter().map(Vec::len).max().unwrap_or(0);
        let from = all.len().saturating_sub(longest.saturating_sub(1));
        self.carried = all.split_off(from);
    }

    /// Looks through bytes that nothing before them belongs to.
    fn feed_whole(&mut self, place: &str, bytes: &[u8]) {
        self.carried.clear();
        self.feed(place, bytes);
    }

    fn file(&mut self, path: &Path) -> Result<(), StoreError> {
        let mut file = fs::File::open(path).map_err(StoreError::io("open", path))?;
        let place = path.display().to_string();
        self.done.files += 1;
        self.carried.clear();
        let mut piece = vec![0; CHUNK];
        loop {
            let found = file.read(&mut piece).map_err(StoreError::io("read", path))?;
            if found == 0 {
                return Ok(());
            }
            self.feed(&place, piece.get(..found).unwrap_or_default());
        }
    }

    fn directory(&mut self, dir: &Path) -> Result<(), StoreError> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(dir).map_err(StoreError::io("read", dir))? {
            paths.push(entry.map_err(StoreError::io("read", dir))?.path());
        }
        paths.sort();
        for path in paths {
            // What a file is called is kept, too.
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.feed_whole(&path.display().to_string(), name.as_bytes());
            if path.is_dir() {
                self.directory(&path)?;
            } else {
                self.file(&path)?;
            }
        }
        Ok(())
    }
}

fn has(all: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return false;
    };
    let mut rest = all;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with(needle) {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

/// Looks for texts in the store in a directory. `sled` is a copy of its database, if it has one.
pub(super) fn search(
    (path, store): (&Path, StoreId),
    sled: Option<&Checkpoints>,
    texts: &[String],
) -> Result<Searched, OpenError> {
    let mut search = Search::new(texts);
    search.directory(path)?;
    let journal = path.join("journal");
    journal::unpacked(&OsDisk, &journal, store.0, &mut |path, begins, bytes| {
        let place = format!("{} (unpacked)", path.display());
        if begins {
            search.carried.clear();
        }
        search.feed(&place, bytes);
    })?;
    let bases = Bases::new(Arc::new(OsDisk), path.join(BASES), store);
    for base in bases.list()? {
        let path = bases.path(base.seq);
        let place = format!("{} (unpacked)", path.display());
        let mut reader = bases.read(base.seq)?;
        reader
            .each_value(&mut |value| search.feed_whole(&place, value))
            .map_err(|error| StoreError::Image { path, what: error.to_string() })?;
    }
    if let Some(checkpoints) = sled {
        let path = path.join("sled");
        let place = format!("{} (unpacked)", path.display());
        checkpoints
            .each_value(&mut |value| search.feed_whole(&place, value))
            .map_err(|error| StoreError::Image { path, what: error.to_string() })?;
    }
    Ok(search.done)
}

#[cfg(test)]
mod tests {
    use super::Search;

    #[test]
    fn a_text_is_found_over_the_ends_of_what_is_read_at_once() {
        let texts = ["Ann@acme.io".to_owned(), "zoe".to_owned()];
        for cut in 0..15 {
            let mut search = Search::new(&texts);
            let (one, other) = b"..ANN@Acme.IO..".split_at(cut);
            search.feed("here", one);
            search.feed("here", other);
            let found: Vec<_> = search.done.found.into_iter().collect();
            assert_eq!(found, [(0, "here".to_owned())], "{cut}");
        }
        let mut search = Search::new(&texts);
        search.feed_whole("here", b"ann@ac");
        search.feed_whole("here", b"me.io zo");
        search.feed_whole("here", b"");
        assert!(search.done.found.is_empty());
        assert_eq!(search.done.bytes, 14);
    }
}
