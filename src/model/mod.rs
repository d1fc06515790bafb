//! Plain data: instants, keys, values, events, commands, outcomes. It knows nothing of rules,
//! plans, stores or clocks.

mod calendar;
mod command;
mod event;
mod instant;
mod key;
mod outcome;
mod things;
mod value;

pub use calendar::{Delay, Hours, StepTiming, Weekdays};
pub use command::{
    Action, Command, HoldTarget, PastEvent, PolicyBundle, PolicyFile, Report, Selection, Status,
    Token,
};
pub use event::{Event, Subject};
pub use instant::{Instant, InstantError};
pub use key::{KeyError, MAX_KEY_BYTES, check_key, forgotten_key, is_forgotten_key};
pub use outcome::{BlockedBy, DueSend, HoldChange, HoldId, Outcome, Refusal, Revoked, Verdict};
pub use things::{
    AddedSteps, Campaign, Company, DateRange, EnrolledElsewhere, Pace, Period, Placement, Prospect,
    Sender, Settings, Step,
};
pub use value::{HoldKind, ResumeMode, Scope, Value};
