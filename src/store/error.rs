//! What can go wrong with a store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a store did not open or does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or another handle of this one, has the directory.
    #[error("`{}` is in use by {}", path.display(), Holder(*pid))]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// The process that holds it, if it could be read.
        pid: Option<u32>,
    },
    /// A later version wrote the store.
    #[error("store format {found} is newer than this version reads ({reads})")]
    NewerFormat {
        /// The format of the store.
        found: u32,
        /// The newest format this version reads.
        reads: u32,
    },
    /// A version from before the first release wrote the store.
    #[error("store format {found} is older than any that this version reads ({reads})")]
    OlderFormat {
        /// The format of the store.
        found: u32,
        /// The oldest format this version reads.
        reads: u32,
    },
    /// Bytes are not what was written. Nothing was changed.
    #[error("`{}` is damaged at offset {offset}: {what}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// The first byte of what cannot be read.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The checkpoint covers commands that the journal does not have.
    #[error("the journal ends at {journal}, but a checkpoint covers {checkpoint}")]
    Behind {
        /// The last sequence number of the journal.
        journal: u64,
        /// The sequence number that the newest checkpoint is good for.
        checkpoint: u64,
    },
    /// The journal was trimmed, and what it was trimmed behind cannot be read.
    #[error(
        "the journal begins at {first}, and nothing from before that can be read: {}",
        Causes(why)
    )]
    NoBeginning {
        /// The first sequence number of the journal.
        first: u64,
        /// What was tried, and what was wrong with it.
        why: String,
    },
    /// A directory that something is to be made in has something in it.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// An earlier copy of a journal cannot be gone on with: what comes after it was trimmed.
    #[error(
        "`{}` has the history up to command {ends}, and that of the store begins with {begins}",
        path.display()
    )]
    Gap {
        /// The copy.
        path: PathBuf,
        /// Its last command.
        ends: u64,
        /// The first command that the store still has.
        begins: u64,
    },
    /// A copy of the state could not be written, or does not hold what it must.
    #[error("`{}`: {what}", path.display())]
    Image {
        /// The file, or its directory.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The path is something else.
    #[error("`{}` is not a holdline store: {what}", path.display())]
    NotAStore {
        /// The path.
        path: PathBuf,
        /// Why not.
        what: String,
    },
    /// The operating system refused.
    #[error("cannot {op} `{}`: {source}", path.display())]
    Io {
        /// What was operated on.
        path: PathBuf,
        /// What was tried.
        op: &'static str,
        /// Its answer.
        source: io::Error,
    },
    /// The checkpoints' database refused, and not because its files are damaged.
    #[error("cannot {op} the checkpoints in `{}`: {what}", path.display())]
    Checkpoints {
        /// The database's directory.
        path: PathBuf,
        /// What was tried.
        op: &'static str,
        /// Its answer.
        what: String,
    },
}

struct Causes<'a>(&'a str);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "there is no checkpoint and no base" } else { self.0 })
    }
}

struct Holder(Option<u32>);

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "end that process, or use another directory",
            Self::NewerFormat { .. } => "use a newer holdline",
            Self::OlderFormat { .. } => {
                "open it with the version that wrote it, and feed a new store from its commands"
            }
            Self::Corrupt { .. } => "restore from a backup; the directory was left as it was found",
            Self::Behind { .. } => {
                "the end of the journal is missing: restore it, or restore a backup"
            }
            Self::NoBeginning { .. } => {
                "put a base or the oldest segments back, or restore a backup"
            }
            Self::NotEmpty { .. } => "name a directory that is new or empty",
            Self::Gap { .. } => {
                "back up into another directory, or take `journal/` out of this one"
            }
            Self::Image { .. } => "look after the disk, then try again, or use another backup",
            Self::NotAStore { .. } => "name a holdline directory, or one that is new or empty",
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "the directory and everything in it must be writable by this process"
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "make room on the disk, then open the store again"
                }
                _ => "look after the disk, then open the store again",
            },
            Self::Checkpoints { .. } => "look after the disk, then open the store again",
        }
    }

    /// Whether something was not written because there is no room. A sync that fails is no such
    /// case, whatever its cause: what it was to keep may be lost.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Io { op, source, .. } if *op != "sync" && is_full(source))
    }

    pub(crate) fn io(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, op, source }
    }

    pub(super) fn corrupt(file: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Corrupt { file: file.to_path_buf(), offset, what: what.into() }
    }
}

/// Whether a disk has no room, or no more of it for this user.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
