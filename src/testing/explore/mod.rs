//! Every state that workers, a person and an engine that crashes can bring each other into, within
//! bounds: breadth first, each state once, by the engine's own state machine.
//!
//! Two workers claim, look once more and report; a person holds and lifts; leases end; answers are
//! lost, workers die, and the engine crashes with commands on the way. In every state it is asked
//! whether a message left after an acknowledged hold, whether one left twice, and whether every
//! step is somewhere.

mod machine;
mod moves;
#[cfg(test)]
mod tests;
mod world;

use std::collections::{HashMap, HashSet, VecDeque};

use self::machine::Machine;
use self::moves::Move;
use self::world::World;

/// How much may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Steps of each of the two prospects.
    pub steps: u16,
    /// Holds of the person: the first is on a prospect, the second on the campaign.
    pub holds: usize,
    /// Holds that the person lifts.
    pub lifts: u8,
    /// How often a lease's time passes.
    pub leases: u8,
    /// Crashes of the engine.
    pub crashes: u8,
    /// Answers that are lost, and workers that die.
    pub losses: u8,
    /// Commands that are applied and not durable yet, at a time.
    pub on_the_way: usize,
}

impl Bounds {
    /// Bounds that a test explores within seconds: everything once, one command at a time, and no
    /// crash.
    pub const SMALL: Self =
        Self { steps: 1, holds: 1, lifts: 0, leases: 1, crashes: 0, losses: 1, on_the_way: 1 };

    /// As small, with a crash that finds two commands on the way, and nothing else that is lost.
    pub const CRASHING: Self =
        Self { leases: 0, crashes: 1, losses: 0, on_the_way: 2, ..Self::SMALL };
}

/// What is wrong with the engine on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// The last look says `go` whatever holds.
    GoesUnderHolds,
    /// A confirmed send whose lease ended is planned again.
    OffersConfirmed,
    /// A crash takes back what was acknowledged last.
    ForgetsAcknowledged,
    /// A send whose lease ends is offered to nobody any more.
    LosesAtLeaseEnd,
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A last look said `go` though a hold that covers the send was acknowledged before it was
    /// asked.
    LeftAfter {
        /// The prospect.
        prospect: String,
        /// The step, counted from 1.
        step: u16,
    },
    /// A step was given its go twice.
    LeftTwice {
        /// The prospect.
        prospect: String,
        /// The step, counted from 1.
        step: u16,
    },
    /// A step is nowhere: neither waiting nor held nor out with a worker nor unknown nor done.
    Lost {
        /// What was found instead.
        what: String,
    },
}

/// What was explored, all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// States of everything together.
    pub states: u64,
    /// Ways from one of them to another, or back to itself.
    pub moves: u64,
    /// States of the engine among them.
    pub engines: u64,
    /// The most moves that one of them is away from the start.
    pub depth: u32,
    /// The most messages that left in one of them.
    pub gone: u64,
    /// States in which a last look had been called back by a hold.
    pub called_back: u64,
}

/// A way to something that must not be.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is.
    pub breach: Breach,
    /// What happened, from the start on.
    pub moves: Vec<String>,
}

/// Where a state came from: the one before it, and what happened.
struct Origin {
    before: usize,
    by: Move,
    depth: u32,
}

/// Explores everything within bounds.
///
/// # Errors
/// The shortest way to something that must not be; or a sentence, if the engine refuses what sets
/// the scene, in place of the moves.
pub fn explore(bounds: Bounds, flaw: Flaw) -> Result<Explored, Box<Found>> {
    let machine = Machine::new(flaw);
    let refused =
        |what: String| Box::new(Found { breach: Breach::Lost { what }, moves: Vec::new() });
    let start = World::start(&machine, &bounds).map_err(refused)?;
    let mut seen = HashMap::from([(start.key(), 0)]);
    let mut engines = HashSet::from([start.engine.key]);
    let mut origins: Vec<Option<Origin>> = vec![None];
    let mut left = VecDeque::from([(0, start)]);
    let mut explored = Explored { states: 1, engines: 1, ..Explored::default() };
    while let Some((at, world)) = left.pop_front() {
        let depth = origins.get(at).and_then(Option::as_ref).map_or(0, |origin| origin.depth);
        explored.depth = explored.depth.max(depth);
        explored.gone = explored.gone.max(world.gone());
        explored.called_back += u64::from(world.called_back());
        for by in world.moves(&bounds) {
            explored.moves += 1;
            let judged = world.after(&machine, &by).and_then(|next| {
                let is_new = engines.insert(next.engine.key);
                if is_new {
                    machine.nothing_is_lost(&next.engine)?;
                }
                Ok(next)
            });
            let next = judged.map_err(|breach| {
                let mut moves = way(&origins, at);
                moves.push(by.to_string());
                Box::new(Found { breach, moves })
            })?;
            let number = seen.len();
            if let std::collections::hash_map::Entry::Vacant(slot) = seen.entry(next.key()) {
                slot.insert(number);
                origins.push(Some(Origin { before: at, by, depth: depth + 1 }));
                left.push_back((number, next));
            }
        }
    }
    explored.states = seen.len() as u64;
    explored.engines = engines.len() as u64;
    Ok(explored)
}

/// What happened up to a state.
fn way(origins: &[Option<Origin>], mut at: usize) -> Vec<String> {
    let mut moves = Vec::new();
    while let Some(origin) = origins.get(at).and_then(Option::as_ref) {
        moves.push(origin.by.to_string());
        at = origin.before;
    }
    moves.reverse();
    moves
}
