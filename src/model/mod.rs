//! Plain data: instants, keys, values, events, commands, outcomes. It knows nothing of rules,
//! plans, stores or clocks.

mod calendar;
mod command;
mod event;
mod instant;
mod key;
mod outcome;
mod value;

pub use calendar::{Delay, Hours, StepTiming, Weekdays};
pub use command::{
    Action, Campaign, Command, Company, HoldTarget, PastEvent, PolicyBundle, PolicyFile, Prospect,
    Report, Selection, Sender, Settings, Status, Step, Token,
};
pub use event::{Event, Subject};
pub use instant::{Instant, InstantError};
pub use key::{KeyError, MAX_KEY_BYTES, check_key};
pub use outcome::{BlockedBy, DueSend, HoldChange, HoldId, Outcome, Refusal, Revoked, Verdict};
pub use value::{HoldKind, ResumeMode, Scope, Value};
