//! Finds a program, or installs it with Debian's packages.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::output;
use crate::stores::Failure;

/// What asks whether a package may start its service when it is installed.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// A program by its name on the `PATH`, or in one of some folders.
pub(crate) fn program(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&path));
    all.map(|folder| folder.join(name)).find(|it| it.is_file())
}

/// Whether we may install packages and have to give up rights to run servers.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    Path::new("/proc/self").metadata().is_ok_and(|it| it.uid() == 0)
}

/// What `find` finds, after installing packages if it finds nothing at first.
pub(crate) fn installed<T>(
    what: &str,
    packages: &[&str],
    find: impl Fn() -> Option<T>,
) -> Result<T, Failure> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let Some(apt) = program("apt-get", &[]).filter(|_| is_root()) else {
        let packages = packages.join(" ");
        return Err(
            format!("{what} is not installed; `apt-get install {packages}` needs root").into()
        );
    };
    let _no_service = NoService::begin()?;
    let mut update = Command::new(&apt);
    // An old list may still do.
    let _updated = output(update.args(["update", "-qq"])).is_ok();
    let mut install = Command::new(&apt);
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages);
    output(install.env("DEBIAN_FRONTEND", "noninteractive"))
        .map_err(|error| format!("{what} cannot be installed: {error}"))?;
    find().ok_or_else(|| format!("{what} is still missing after it was installed").into())
}

/// As long as this is there, packages start no service of theirs: what we need of them we start
/// ourselves.
struct NoService {
    is_ours: bool,
}

impl NoService {
    fn begin() -> Result<Self, Failure> {
        let path = Path::new(POLICY);
        if path.exists() {
            return Ok(Self { is_ours: false });
        }
        std::fs::write(path, "#!/bin/sh\nexit 101\n")?;
        let guard = Self { is_ours: true };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
        Ok(guard)
    }
}

impl Drop for NoService {
    fn drop(&mut self) {
        if self.is_ours {
            // Who removed it before us meant to.
            let _removed = std::fs::remove_file(POLICY).is_ok();
        }
    }
}
