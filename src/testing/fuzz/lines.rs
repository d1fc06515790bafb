//! Lines as `apply` takes them: each that is a command is written and read again, and applied.

use crate::engine::State;
use crate::json::{read_command, read_history, write_command, write_history, write_outcome};
use crate::model::{Action, Command};

/// So many commands are applied at the most: what takes long for its number of commands is another
/// question than what takes long for a command.
const MOST: usize = 64;

/// Reads lines, writes each again that is a command, and applies all to one state.
pub fn json(bytes: &[u8]) -> Result<(), String> {
    let mut state = State::new();
    for line in bytes.split(|byte| *byte == b'\n').take(MOST) {
        // Whatever the answer: that there is one is what is tried here.
        let _ = read_history(line);
        let Ok(command) = read_command(line) else {
            continue;
        };
        written(&command)?;
        let mut applied = with_salt(&state, command);
        let outcome = state.apply(&mut applied).outcome;
        let told = write_outcome(&outcome);
        if told.contains('\n') {
            return Err(format!("an outcome of several lines: {told}"));
        }
        #[cfg(feature = "store")]
        {
            super::values::same(&applied)?;
            super::values::same(&outcome)?;
        }
    }
    #[cfg(feature = "store")]
    super::image::again(&state)?;
    Ok(())
}

/// Who is forgotten is forgotten with a salt that is always the same: an engine draws one.
pub(super) fn with_salt(state: &State, command: Command) -> Command {
    let mut command = state.erasing(command);
    if let Action::Erase { salt, .. } = &mut command.action {
        *salt = 7;
    }
    command
}

/// A command that was read is written as a line that is read as the same command.
fn written(command: &Command) -> Result<(), String> {
    let line = write_command(command);
    match read_command(line.as_bytes()) {
        Ok(again) if again == *command => {}
        Ok(again) => return Err(format!("{line}\nis {again:?}, before it was {command:?}")),
        Err(error) => return Err(format!("{line}\nis not read: {error}; it is {command:?}")),
    }
    if let Ok(line) = write_history(command)
        && let Err(error) = read_history(line.as_bytes())
    {
        return Err(format!("{line}\nis not read as history: {error}"));
    }
    Ok(())
}
