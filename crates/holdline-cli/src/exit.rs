//! How the command ends: exit codes, and failures with what to do about them.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use holdline::engine::EngineError;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing to object to.
    Fine = 0,
    /// Done, and there are findings or refusals.
    Findings = 1,
    /// The rules do not compile.
    BadRules = 2,
    /// The arguments or the input cannot be used.
    BadInput = 3,
    /// The data directory cannot be used.
    Store = 4,
    /// Somebody pressed Ctrl-C, and it was closed in order.
    Interrupted = 130,
    /// It was asked to end, and was closed in order.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb ended early.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read the output has gone away; that is nothing to talk about.
    ReaderGone,
    /// Something to tell.
    Told(Box<Told>),
}

/// What is told about a failure.
#[derive(Debug)]
pub struct Told {
    /// How the command ends.
    pub exit: Exit,
    /// What is wrong, and where.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Failure {
    /// A failure with a message.
    pub fn new(exit: Exit, message: impl Display) -> Self {
        let message = message.to_string();
        Self::Told(Box::new(Told { exit, message, help: None }))
    }

    /// The arguments or the input cannot be used.
    pub fn input(message: impl Display) -> Self {
        Self::new(Exit::BadInput, message)
    }

    /// The data directory cannot be used.
    pub fn store(message: impl Display) -> Self {
        Self::new(Exit::Store, message)
    }

    /// A file could not be read or written.
    pub fn file(name: impl Display, error: &io::Error) -> Self {
        Self::input(format_args!("`{name}`: {}", plain(error)))
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Display) -> Self {
        if let Self::Told(told) = &mut self {
            told.help = Some(help.to_string());
        }
        self
    }
}

/// Output that cannot be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::input(format_args!("the output cannot be written: {}", plain(&error)))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let failure = Self::store(&error);
        match error {
            EngineError::Full => failure.help("make room, then go on with what was not answered"),
            _ => failure,
        }
    }
}

/// An error of the system without its number, its first letter small.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
