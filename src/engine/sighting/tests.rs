//! What is looked for in the middle of a history.

use crate::engine::workspace::Workspace;
use crate::engine::{DEFAULT_WORKSPACE, State};
use crate::model::{Action, Command, Event, Instant};
use crate::testing::world::{self, Op};

pub(in crate::engine) fn workspace(state: &State) -> &Workspace {
    state.workspace(DEFAULT_WORKSPACE).unwrap()
}

/// A history, and what is found before the command with a number: of the state and of the events
/// until then.
pub(in crate::engine) fn history<T>(
    ops: &[Op],
    cut: usize,
    look: impl Fn(&State, &[Event]) -> Vec<T>,
) -> (State, Vec<T>) {
    let (mut state, mut found) = (State::new(), Vec::new());
    let (mut at, mut events): (Instant, Vec<Event>) = (world::BEGIN.parse().unwrap(), Vec::new());
    for action in world::beginning() {
        state.apply(&mut Command::new(at, action));
    }
    for (number, op) in ops.iter().enumerate() {
        if number == cut {
            found = look(&state, &events);
        }
        at = at.plus_ms(op.wait_ms);
        let placed = workspace(&state).data.holds.len();
        let Some(action) = op.act.about_no_send(at, &events, placed) else {
            continue;
        };
        if let Action::Record(event) = &action {
            events.push(event.clone());
        }
        // Each has an id, and so an answer that is kept.
        let mut command = Command::new(at, action).id(format!("{number}")).by("pat");
        command = state.erasing(command);
        state.apply(&mut command);
    }
    (state, found)
}
