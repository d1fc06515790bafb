//! What may happen next, in words.

use std::fmt;

/// Who asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    /// A worker, by its number.
    Worker(usize),
    /// The person.
    Person,
}

/// What a worker or the person asks the engine for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Wish {
    Claim,
    Confirm,
    ReportSent,
    ReportUnknown,
    /// The hold of a number.
    Hold(usize),
    Lift(usize),
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The engine applies what somebody asks for; the answer waits until it is durable.
    Asks(Who, Wish),
    /// All that was applied is durable, and its answers leave; one of them may be lost.
    Answers { lost: Option<Who> },
    /// The engine crashes and is opened again: so many of the commands on the way survive.
    Crashes { kept: usize },
    /// A worker forgets all that it knew.
    Dies(usize),
    /// The time of a lease passes.
    LeasesEnd,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(number) => write!(f, "worker {number}"),
            Self::Person => write!(f, "the person"),
        }
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asks(who, wish) => write!(f, "{who} asks: {wish:?}"),
            Self::Answers { lost: None } => write!(f, "answers leave"),
            Self::Answers { lost: Some(who) } => write!(f, "answers leave, that to {who} is lost"),
            Self::Crashes { kept } => {
                write!(f, "the engine crashes, {kept} of the commands on the way survive")
            }
            Self::Dies(worker) => write!(f, "worker {worker} dies"),
            Self::LeasesEnd => write!(f, "leases end"),
        }
    }
}
