//! The JSON form of commands and outcomes: one flat object per line.
//!
//! It is made by hand rather than derived, so that each error names the field, what was expected
//! and what was found. It judges shapes only: whether a key is a key, a zone exists or an event's
//! attribute fits its declaration is the engine's to say. `docs/commands.md` is its manual.

mod error;
mod fields;
mod history;
mod nearest;
mod outcome;
mod planning;
mod read;
mod scalar;
mod target;
mod tree;
mod words;
mod write;

#[cfg(test)]
mod documented;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod tests;

pub use error::{JsonError, JsonErrorKind};
pub use history::{read_history, write_history};
pub use outcome::{refusal_code, write_outcome};
pub use read::read_command;
pub use write::{command_name, write_command};

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 1 << 20;
