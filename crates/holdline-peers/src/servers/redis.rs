//! A Redis of our own: no port, a socket beside its data, nothing of the machine's configuration.

use std::path::{Path, PathBuf};

use super::install::{installed, program};
use super::process::{Running, bound, output};
use crate::stores::{Failure, Ground};

/// The program.
#[derive(Clone, Debug)]
pub struct RedisServer {
    program: PathBuf,
    /// Its version.
    pub version: String,
}

impl RedisServer {
    /// Finds it, or installs it.
    ///
    /// # Errors
    /// Why it is not to be had.
    pub fn find() -> Result<Self, Failure> {
        let program =
            installed("redis-server", &["redis-server"], || program("redis-server", &[]))?;
        let said = output(std::process::Command::new(&program).arg("--version"))?;
        let version = said.split_whitespace().find_map(|word| word.strip_prefix("v="));
        Ok(Self { program, version: version.unwrap_or("of unknown version").to_owned() })
    }

    /// Starts one on an empty directory; its socket.
    ///
    /// The append-only file is all that it writes: no snapshots beside it, and no rewriting of it
    /// while somebody measures, which would only cost it time. Scripts may take what they need.
    pub(crate) fn start(
        &self,
        dir: &Path,
        fsync: &str,
        ground: &Ground,
    ) -> Result<(Running, PathBuf), Failure> {
        let (socket, log) = (dir.join("redis.sock"), dir.join("redis.log"));
        let mut command = bound(&self.program, None);
        command.args(["--port", "0", "--unixsocket"]).arg(&socket);
        command.args(["--daemonize", "no", "--databases", "1", "--dir"]).arg(dir);
        command.args(["--appendonly", "yes", "--appendfsync", fsync, "--save", ""]);
        command.args(["--auto-aof-rewrite-percentage", "0", "--aof-use-rdb-preamble", "no"]);
        command.args(["--maxmemory-policy", "noeviction", "--busy-reply-threshold", "60000"]);
        let mut running = Running::start(&mut command, &log)?;
        running.until(ground, &log, || {
            if socket.exists() { Ok(()) } else { Err("there is no socket yet".into()) }
        })?;
        Ok((running, socket))
    }
}
