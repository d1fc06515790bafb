//! Looks for what commands need to know of everything that there is, on the thread that asks for
//! them, before the writer does anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::error::EngineError;
use crate::engine::sighting::{Sighting, Sought};
use crate::model::Command;

/// What was found for commands of a batch, by their places in it.
pub(super) type Lookout = BTreeMap<usize, Arc<Sighting>>;

/// So often at most what changed meanwhile is looked at, too.
const PASSES: usize = 4;
/// So little of what changed meanwhile is left to the writer, in records and entries of logs.
const FEW: usize = 4096;

/// Looks for all that commands of a batch need. `sought` answers what that is, with a picture to
/// look at.
pub(super) fn look_out(
    commands: &[Command],
    sought: impl Fn(&Command) -> Result<Option<Sought>, EngineError>,
) -> Result<Lookout, EngineError> {
    let mut all = Lookout::new();
    let looking = commands.iter().enumerate().filter(|(_, it)| Sought::is_for(&it.action));
    for (at, command) in looking {
        let mut sighting: Option<Sighting> = None;
        for _ in 0..PASSES {
            let Some(sought) = sought(command)? else {
                break;
            };
            let (now, looked) = sought.look(sighting.as_ref());
            sighting = Some(now);
            if looked <= FEW {
                break;
            }
        }
        all.extend(sighting.map(|sighting| (at, Arc::new(sighting))));
    }
    Ok(all)
}
