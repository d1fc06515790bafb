//! One process per directory: the lock file, with the holder's process number in it. It knows
//! nothing of what is in the directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::StoreError;

const NAME: &str = "lock";
/// How long a lock is waited for, and in what steps: a process that the last holder was just
/// starting shares the lock until it has closed what it inherited.
const WAIT: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(5);

/// The right to use a directory, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    // The system lets go of the lock when this is closed.
    _file: File,
}

impl Lock {
    /// Takes the directory.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another handle has it, [`StoreError::Io`].
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        Self::take_within(dir, WAIT)
    }

    fn take_within(dir: &Path, wait: Duration) -> Result<Self, StoreError> {
        let path = dir.join(NAME);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(StoreError::io("open", &path))?;
        let begun = Instant::now();
        let mut taken = file.try_lock();
        while matches!(taken, Err(TryLockError::WouldBlock)) && begun.elapsed() < wait {
            std::thread::sleep(STEP);
            taken = file.try_lock();
        }
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = file.read_to_string(&mut text);
                return Err(StoreError::Locked {
                    path: dir.to_path_buf(),
                    pid: read.ok().and_then(|_| text.trim().parse().ok()),
                });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", &path)(source)),
        }
        // The number is for people; the lock itself is what holds, so it need not be durable.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(StoreError::io("write", &path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::{Lock, STEP};
    use crate::store::StoreError;

    #[test]
    fn a_lock_is_waited_for_as_long_as_it_may_be_and_no_longer() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::take(dir.path()).unwrap();
        let at_once = Lock::take_within(dir.path(), Duration::ZERO);
        assert!(matches!(at_once, Err(StoreError::Locked { pid: Some(_), .. })), "{at_once:?}");
        let released = thread::spawn(move || {
            thread::sleep(STEP * 3);
            drop(held);
        });
        // So long that only one who does not wait can miss it.
        assert!(Lock::take_within(dir.path(), Duration::from_secs(30)).is_ok());
        released.join().unwrap();
    }
}
