//! Programs that are run to their end, and those that run until we are done with them.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::install::program;
use crate::stores::{Failure, Ground};

/// How long whoever waits may take to see that it is asked to stop.
const STEP: Duration = Duration::from_millis(50);
/// How long a server may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a program printed; an error with the end of what it complained of.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done =
        command.stdin(Stdio::null()).output().map_err(|error| format!("`{name}`: {error}"))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&done.stderr);
    let last = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no word of it");
    Err(format!("`{name}` ended with {}: {last}", done.status).into())
}

/// Whose rights a server runs with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// Somebody of `/etc/passwd`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = std::fs::read_to_string("/etc/passwd").ok()?;
        let line = all.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        let mut number = || fields.next()?.parse().ok();
        Some(Self { uid: number()?, gid: number()? })
    }

    /// Gives a directory to them.
    pub(crate) fn own(self, dir: &Path) -> Result<(), Failure> {
        Ok(std::os::unix::fs::chown(dir, Some(self.uid), Some(self.gid))?)
    }
}

/// A command that runs with somebody's rights, and ends when we do, however we end.
pub(crate) fn bound(program_path: &Path, user: Option<User>) -> Command {
    use std::os::unix::process::CommandExt as _;
    let Some(setpriv) = program("setpriv", &[]) else {
        let mut command = Command::new(program_path);
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        command.process_group(0);
        return command;
    };
    let mut command = Command::new(setpriv);
    if let Some(user) = user {
        command.args(["--reuid", &user.uid.to_string(), "--regid", &user.gid.to_string()]);
        command.arg("--clear-groups");
    }
    command.args(["--pdeathsig", "KILL"]).arg(program_path);
    // Ctrl-C is for us; what we started ends when we say so.
    command.process_group(0);
    command
}

/// A program that is ended with this.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts it, with all that it says going to a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let log = File::create(log)?;
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().map_err(|error| format!("`{name}`: {error}"))?;
        Ok(Self { child })
    }

    /// Waits until something can be had of it.
    pub(crate) fn until<T>(
        &mut self,
        ground: &Ground,
        log: &Path,
        ask: impl Fn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let began = Instant::now();
        loop {
            ground.check()?;
            let error = match ask() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if self.child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                let last = said.lines().rfind(|line| !line.is_empty()).unwrap_or("nothing");
                return Err(format!("it does not answer ({error}); it said: {last}").into());
            }
            std::thread::sleep(STEP);
        }
    }

    /// Waits for its end; it is ended if somebody asked us to stop.
    pub(crate) fn ended(&mut self, ground: &Ground) -> Result<bool, Failure> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            ground.check()?;
            std::thread::sleep(STEP);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill().is_ok() && self.child.wait().is_ok();
    }
}
