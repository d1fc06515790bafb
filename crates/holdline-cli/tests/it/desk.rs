//! A directory to run the command in.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What one call answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("an exit code, not a signal"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// The output, of a call that must have gone well.
    #[track_caller]
    pub fn fine(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The error output, of a call that must have ended so.
    #[track_caller]
    pub fn told(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.err
    }

    /// The output as JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.fine()).expect("one JSON value")
    }
}

/// A directory of its own, with the command to be run in it.
pub struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    /// One in which the short example was run.
    pub fn first_day() -> Self {
        let desk = Self::new();
        desk.call(&["run", &example("first-day.jsonl")]).fine();
        desk
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// The command with its arguments, not yet started, in a terminal of 100 columns.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.env("COLUMNS", "100").env("USER", "ann@ours.example");
        command
    }

    pub fn call(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().expect("the command runs"))
    }

    pub fn call_with(&self, args: &[&str], input: impl AsRef<[u8]>) -> Answer {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command runs");
        let mut stdin = child.stdin.take().expect("its input");
        // It may end before it has read everything.
        let _ended_early = stdin.write_all(input.as_ref()).is_err();
        drop(stdin);
        Answer::of(child.wait_with_output().expect("an answer"))
    }

    pub fn digest(&self, data: &str) -> String {
        let digest = self.call(&["digest", "--data", data]).fine();
        assert_eq!(digest.trim().len(), 64, "{digest}");
        digest.trim().to_owned()
    }
}

/// The path of an example of the repository.
pub fn example(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "examples", name].iter().collect();
    path.display().to_string()
}

/// An `advance` command.
pub fn advance(at: &str) -> String {
    format!("{{\"do\":\"advance\",\"at\":\"{at}\"}}\n")
}
