//! Reading the records of a tree on another thread than the one that takes them.
//!
//! A large store opens the sooner.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::{Checkpoints, Manifest};
use crate::engine::port::{ImageError, Tree};

/// How much is handed over at once, and how often that may wait.
const BATCH_BYTES: usize = 256 * 1024;
const BATCHES_WAITING: usize = 4;

/// What takes a key and its value, as it was encoded.
type Receive<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), ImageError> + 'a;

/// Keys and values one behind the other.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where each key ends, and where its value does.
    ends: Vec<(usize, usize)>,
}

impl Batch {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((key_end, self.bytes.len()));
    }

    fn each(&self, take: &mut Receive<'_>) -> Result<(), ImageError> {
        let mut start = 0;
        for (key_end, end) in &self.ends {
            let key = self.bytes.get(start..*key_end).unwrap_or_default();
            take(key, self.bytes.get(*key_end..*end).unwrap_or_default())?;
            start = *end;
        }
        Ok(())
    }
}

/// Hands on the records of a tree, in order.
pub(super) fn read(
    checkpoints: &Checkpoints,
    manifest: &Manifest,
    tree: Tree,
    take: &mut Receive<'_>,
) -> Result<(), ImageError> {
    let (filled, batches) = sync_channel(BATCHES_WAITING);
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("holdline-reader".to_owned());
        let read = move || read_all(checkpoints, manifest, tree, &filled);
        let reading = reader.spawn_scoped(scope, read);
        let reading = reading.map_err(|error| failed(&error.to_string()))?;
        let taken = take_all(&batches, take);
        // One that waits for somebody to take more ends.
        drop(batches);
        let read = reading.join().unwrap_or_else(|_| Err(failed("the thread gave up")));
        // What was taken lies before what could not be read.
        taken.and(read)
    })
}

fn read_all(
    checkpoints: &Checkpoints,
    manifest: &Manifest,
    tree: Tree,
    filled: &SyncSender<Batch>,
) -> Result<(), ImageError> {
    let mut batch = Batch::default();
    // Where nobody takes it any more, that thread has said why.
    let ended = || failed("nobody takes it");
    let read = checkpoints.walk(manifest, tree, (&[], None), &mut |key, value| {
        batch.add(key, value);
        if batch.bytes.len() < BATCH_BYTES {
            return Ok(());
        }
        filled.send(std::mem::take(&mut batch)).map_err(|_| ended())
    });
    // What comes before a record that cannot be read is still to be looked at.
    let last = filled.send(batch).map_err(|_| ended());
    read.and(last)
}

fn take_all(batches: &Receiver<Batch>, take: &mut Receive<'_>) -> Result<(), ImageError> {
    batches.iter().try_for_each(|batch| batch.each(take))
}

fn failed(what: &str) -> ImageError {
    ImageError::Failed { what: format!("reading a checkpoint: {what}") }
}
