//! Looks for who is to be forgotten on the thread that asks for it, before the writer does
//! anything: what mentions a person may be anywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::error::EngineError;
use crate::engine::mentions::{Found, Texts, Whom};
use crate::engine::state::DEFAULT_WORKSPACE;
use crate::model::{Action, Command};

/// What was found of those whom commands of a batch forget, by their places in it.
pub(super) type Lookout = BTreeMap<usize, Arc<Found>>;

/// So often at most what changed meanwhile is looked at, too.
const PASSES: usize = 4;
/// So few records that changed meanwhile are left to the writer.
const FEW: usize = 4096;

/// Looks for everybody whom a batch forgets. `sought` answers whom a key names in a workspace, and
/// with a picture to look at.
pub(super) fn look_out(
    commands: &[Command],
    sought: impl Fn(&str, &str) -> Result<Option<(Whom, Texts)>, EngineError>,
) -> Result<Lookout, EngineError> {
    let mut all = Lookout::new();
    for (at, command) in commands.iter().enumerate() {
        let Action::Forget { prospect, .. } = &command.action else {
            continue;
        };
        let workspace = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        let mut found: Option<Found> = None;
        for _ in 0..PASSES {
            let Some((whom, texts)) = sought(workspace, prospect)? else {
                break;
            };
            let (now, looked) = Found::look(whom, texts, found.as_ref());
            found = Some(now);
            if looked <= FEW {
                break;
            }
        }
        all.extend(found.map(|found| (at, Arc::new(found))));
    }
    Ok(all)
}
