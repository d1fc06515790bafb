//! The few file operations that the journal needs, so that a test can put a disk in their place
//! that fails, tears and forgets. It knows nothing of what is in the files.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

/// What was found; none if it is not there.
pub(crate) fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A place with directories and files.
pub trait Disk: Send + Sync + std::fmt::Debug {
    /// The names in a directory, in no order.
    ///
    /// # Errors
    /// As the operating system answers.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Opens a file that exists, for reading and writing.
    ///
    /// # Errors
    /// As the operating system answers.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that exists, for reading only.
    ///
    /// # Errors
    /// As the operating system answers.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }
    /// When a file was last written to, by the clock of the file system.
    ///
    /// # Errors
    /// As the operating system answers.
    fn modified(&self, path: &Path) -> io::Result<SystemTime>;
    /// Creates a file that does not exist. Its name is durable after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// As the operating system answers.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Renames a file over whatever has the new name, at once or not at all.
    ///
    /// # Errors
    /// As the operating system answers.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system answers.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// As the operating system answers.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Makes a directory, durably, in one that exists. Where it is there, nothing happens.
    ///
    /// # Errors
    /// As the operating system answers.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + std::fmt::Debug {
    /// Its length in bytes.
    ///
    /// # Errors
    /// As the operating system answers.
    fn size(&self) -> io::Result<u64>;
    /// Fills `into` from `offset` on as far as the file goes, and answers how far that was.
    ///
    /// # Errors
    /// As the operating system answers.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// As the operating system answers; it is unknown how much was written then.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes the file at least so long, with all of its room really taken. What is in it stays.
    ///
    /// # Errors
    /// As the operating system answers; a part may be there then.
    fn allocate(&mut self, size: u64) -> io::Result<()> {
        let from = self.size()?;
        fill(from, size, |at, zeros| self.write_at(at, zeros))
    }
    /// Cuts the file.
    ///
    /// # Errors
    /// As the operating system answers.
    fn set_size(&mut self, size: u64) -> io::Result<()>;
    /// Makes content and length durable.
    ///
    /// # Errors
    /// As the operating system answers; the file must not be trusted after that.
    fn sync(&mut self) -> io::Result<()>;
}

/// So many zeros are written at once where room cannot be had without writing.
const ALLOCATED_AT_ONCE: usize = 64 * 1024;

/// Writes zeros from where a file ends.
fn fill(
    mut at: u64,
    to: u64,
    mut write: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let zeros = vec![0; ALLOCATED_AT_ONCE];
    while at < to {
        let some = usize::try_from(to - at).unwrap_or(usize::MAX).min(zeros.len());
        write(at, zeros.get(..some).unwrap_or_default())?;
        at += some as u64;
    }
    Ok(())
}

/// The operating system's disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(dir)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(OsFile(file)))
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OsFile(File::open(path)?)))
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        std::fs::metadata(path)?.modified()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(path)?;
        Ok(Box::new(OsFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // Elsewhere directories cannot be opened as files, and names are durable with the file.
        if cfg!(unix) {
            File::open(dir)?.sync_all()?;
        }
        Ok(())
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        match std::fs::create_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            other => other?,
        }
        dir.parent().map_or(Ok(()), |parent| self.sync_dir(parent))
    }
}

#[derive(Debug)]
struct OsFile(File);

impl DiskFile for OsFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.seek(SeekFrom::Start(offset))?;
        let mut rest = into;
        let mut done = 0;
        while !rest.is_empty() {
            match self.0.read(rest) {
                Ok(0) => break,
                Ok(count) => {
                    done += count;
                    rest = rest.get_mut(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.write_all(bytes)
    }

    #[cfg(target_os = "linux")]
    fn allocate(&mut self, size: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        if self.size()? >= size {
            return Ok(());
        }
        match fallocate(&self.0, FallocateFlags::empty(), 0, size) {
            // File systems that cannot are written to.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                let from = self.size()?;
                fill(from, size, |at, zeros| self.write_at(at, zeros))
            }
            other => Ok(other?),
        }
    }

    fn set_size(&mut self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }

    fn sync(&mut self) -> io::Result<()> {
        // On Linux this is fdatasync, which also makes the length durable.
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::if_there;

    #[test]
    fn only_what_is_not_there_is_nothing() {
        let failed = |kind: ErrorKind| if_there::<u8>(Err(Error::from(kind)));
        assert_eq!(if_there(Ok(7)).unwrap(), Some(7));
        assert_eq!(failed(ErrorKind::NotFound).unwrap(), None);
        assert!(failed(ErrorKind::PermissionDenied).is_err());
    }
}
