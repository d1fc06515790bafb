//! The ceiling: a program that does only what nothing that keeps events can do without. It looks
//! the person up, touches a record, tells whether the event was seen before, appends it to a file,
//! and has the file synced for each group of a thousand, all in one thread.
//!
//! It has no rules, no plans and no way to recover. What it reaches is what a disk and a memory
//! bear, and what others reach is told as a share of it.

use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use hashbrown::{HashMap, HashSet};

use crate::callers::GROUP;
use crate::events::Incoming;

/// Bytes that an event takes in the file: its id, the number of its person, its kind, its instant.
pub const EVENT_BYTES: usize = 16 + 4 + 1 + 8;

/// Ids are random already: hashing them anew would only cost.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, number: u128) {
        self.0 = number as u64 ^ (number >> 64) as u64;
    }
}

/// What it touches of a person.
#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    events: u32,
    last_ms: i64,
    kinds: [u16; 8],
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// How long it took.
    pub took: Duration,
    /// How much of that was spent on syncing.
    pub syncing: Duration,
    /// Events that were new.
    pub taken: u64,
    /// Events that were seen before.
    pub duplicates: u64,
}

/// The program and its state.
#[derive(Debug)]
pub struct Ceiling {
    numbers: HashMap<String, u32>,
    touched: Vec<Touched>,
    seen: HashSet<u128, BuildHasherDefault<AsItIs>>,
    file: File,
    syncs: bool,
}

impl Ceiling {
    /// The program with people, by their keys, over a new file. Unless it syncs it shows what the
    /// memory alone bears.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn new(people: impl Iterator<Item = String>, to: &Path, syncs: bool) -> io::Result<Self> {
        let numbers: HashMap<String, u32> = people.zip(0..).collect();
        let touched = vec![Touched::default(); numbers.len()];
        Ok(Self { numbers, touched, seen: HashSet::default(), file: File::create(to)?, syncs })
    }

    /// Takes events, each with the key of its person as the host has it.
    ///
    /// # Errors
    /// If the file cannot be written or synced, or an event is about nobody.
    pub fn take(&mut self, events: &[(String, Incoming)]) -> io::Result<Reached> {
        let mut buffer = Vec::with_capacity(GROUP * EVENT_BYTES);
        let (mut syncing, mut taken) = (Duration::ZERO, 0);
        let began = Instant::now();
        for group in events.chunks(GROUP) {
            buffer.clear();
            for (key, event) in group {
                let number = self.numbers.get(key).copied();
                let number = number.ok_or_else(|| io::Error::other("an event is about nobody"))?;
                if !self.seen.insert(event.id) {
                    continue;
                }
                taken += 1;
                if let Some(touched) = self.touched.get_mut(number as usize) {
                    touched.events += 1;
                    touched.last_ms = touched.last_ms.max(event.at_ms);
                    if let Some(count) = touched.kinds.get_mut(event.kind as usize) {
                        *count = count.saturating_add(1);
                    }
                }
                buffer.extend_from_slice(&event.id.to_le_bytes());
                buffer.extend_from_slice(&number.to_le_bytes());
                buffer.push(event.kind as u8);
                buffer.extend_from_slice(&event.at_ms.to_le_bytes());
            }
            self.file.write_all(&buffer)?;
            if self.syncs {
                let from = Instant::now();
                self.file.sync_data()?;
                syncing += from.elapsed();
            }
        }
        let took = began.elapsed();
        Ok(Reached { took, syncing, taken, duplicates: events.len() as u64 - taken })
    }

    /// How many events it has taken, by what it has touched.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.touched.iter().map(|touched| u64::from(touched.events)).sum()
    }
}

/// How long each append and sync of so many bytes takes: what a commit cannot do without.
///
/// # Errors
/// If the file cannot be written or synced.
pub fn bare_appends(to: &Path, bytes: usize, times: usize) -> io::Result<Vec<Duration>> {
    let mut file = File::create(to)?;
    let group = vec![7; bytes];
    let append = |_| {
        let from = Instant::now();
        file.write_all(&group)?;
        file.sync_data()?;
        Ok(from.elapsed())
    };
    (0..times).map(append).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Mix;
    use crate::people::key;

    #[test]
    fn it_takes_each_event_once_and_writes_all_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("ceiling");
        let mut ceiling = Ceiling::new((0..50).map(key), &to, true).unwrap();
        let mut events: Vec<(String, Incoming)> =
            Mix::new(42, 50).take(2_500).map(|event| (key(event.person), event)).collect();
        events.push(events[7].clone());
        let reached = ceiling.take(&events).unwrap();
        assert_eq!((reached.taken, reached.duplicates), (2_500, 1));
        assert!(reached.took >= reached.syncing);
        assert_eq!(ceiling.events(), 2_500);
        let written = std::fs::metadata(&to).unwrap().len();
        assert_eq!(written, 2_500 * EVENT_BYTES as u64);
        // The same again: all of it was seen before, and nothing more is written.
        assert_eq!(ceiling.take(&events).unwrap().taken, 0);
        assert_eq!(std::fs::metadata(&to).unwrap().len(), written);
    }

    #[test]
    fn an_event_about_nobody_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("ceiling");
        let mut ceiling = Ceiling::new((0..50).map(key), &to, false).unwrap();
        let event = Mix::new(42, 50).next().unwrap();
        assert!(ceiling.take(&[("nobody".to_owned(), event)]).is_err());
    }
}
