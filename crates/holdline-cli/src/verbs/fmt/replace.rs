//! Replacing a file as a whole: whoever reads it, and whoever starts this machine again, finds the
//! old text or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Replaces the text of a file, which keeps its permissions. Where the path is a link, what it
/// leads to is replaced.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(path)?;
    let permissions = fs::metadata(&target)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let new = target.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let write = |mut file: File| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(permissions)?;
        file.sync_all()
    };
    // One of that name is nobody's: our process has its number for itself.
    let made = OpenOptions::new().write(true).create(true).truncate(true).open(&new);
    let replaced = made.and_then(write).and_then(|()| fs::rename(&new, &target));
    if replaced.is_err() {
        // The first failure is the one to tell.
        let _is_gone = fs::remove_file(&new).is_ok();
    }
    replaced
}
