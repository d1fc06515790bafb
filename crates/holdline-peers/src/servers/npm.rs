//! Job queues of npm: installed at the versions of the committed lock file, into a folder below the
//! build's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{installed, program};
use super::process::{Running, bound, output};
use crate::stores::{Failure, Ground};

/// What is installed, and what calls it.
const FILES: [(&str, &str); 6] = [
    ("package.json", include_str!("../../queues/package.json")),
    ("package-lock.json", include_str!("../../queues/package-lock.json")),
    ("work.mjs", include_str!("../../queues/work.mjs")),
    ("bullmq.mjs", include_str!("../../queues/bullmq.mjs")),
    ("graphile-worker.mjs", include_str!("../../queues/graphile-worker.mjs")),
    ("pg-boss.mjs", include_str!("../../queues/pg-boss.mjs")),
];

/// Node, with the queues.
#[derive(Clone, Debug)]
pub struct Node {
    program: PathBuf,
    folder: PathBuf,
}

impl Node {
    /// Finds Node, or installs it, and has npm install the queues where they are not yet.
    ///
    /// # Errors
    /// Why one of them is not to be had.
    pub fn find(ground: &Ground) -> Result<Self, Failure> {
        let packages = ["nodejs", "npm"];
        let both = || Some((program("node", &[])?, program("npm", &[])?));
        let (node, npm) = installed("Node", &packages, both)?;
        let folder = ground.dir.join("queues");
        std::fs::create_dir_all(&folder)?;
        let mut is_new = !folder.join("node_modules").exists();
        for (name, text) in FILES {
            let path = folder.join(name);
            let is_same = std::fs::read_to_string(&path).is_ok_and(|before| before == text);
            is_new |= !is_same && name.ends_with(".json");
            if !is_same {
                std::fs::write(path, text)?;
            }
        }
        if is_new {
            // Nothing of them is run while they are installed.
            let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
            let done = output(Command::new(npm).args(flags).current_dir(&folder));
            if let Err(error) = done {
                let _half = std::fs::remove_dir_all(folder.join("node_modules")).is_ok();
                return Err(format!("npm cannot install the queues: {error}").into());
            }
        }
        Ok(Self { program: node, folder })
    }

    /// The version of one of them.
    pub(crate) fn version(&self, package: &str) -> Option<String> {
        let file = self.folder.join("node_modules").join(package).join("package.json");
        let read: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
        Some(read.get("version")?.as_str()?.to_owned())
    }

    /// Runs one of the scripts to its end; what it printed last.
    pub(crate) fn run(
        &self,
        script: &str,
        arguments: &[&str],
        log: &Path,
        ground: &Ground,
    ) -> Result<String, Failure> {
        let mut command = bound(&self.program, None);
        command.arg(self.folder.join(script)).args(arguments).env("NODE_ENV", "production");
        let done = Running::start(&mut command, log)?.ended(ground)?;
        let said = std::fs::read_to_string(log)?;
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        if done {
            return Ok(last.to_owned());
        }
        let error = said.lines().find(|line| line.contains("Error")).unwrap_or(last);
        Err(format!("`{script}` failed: {error}").into())
    }
}
