#![doc = include_str!("../README.md")]

pub mod model;

pub mod lang;

pub mod plan;

pub mod engine;

pub mod trial;

pub mod json;

#[cfg(feature = "store")]
mod open;
#[cfg(feature = "store")]
pub mod store;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(feature = "store")]
pub use engine::ColdAgenda;
pub use engine::{Digest, Engine, EngineError, Opened, Snapshot, View};
pub use lang::{Diagnostic, Policy};
pub use model::{
    Action, AddedSteps, Campaign, Command, Company, DateRange, DueSend, EnrolledElsewhere, Event,
    HoldKind, HoldTarget, Instant, Outcome, Pace, Period, Placement, PolicyBundle, PolicyFile,
    Prospect, Refusal, Report, Scope, Selection, Sender, Settings, Status, Step, Token, Verdict,
};
#[cfg(feature = "store")]
pub use open::{
    Backup, ColdStore, Compacted, History, Import, ImportError, Inside, OpenError, Part,
    RepairError, Repaired, Restored, Stats, Verified, compact, history, repair, restore, verify,
    verify_absent,
};
#[cfg(feature = "store")]
pub use store::{Durability, Options};
