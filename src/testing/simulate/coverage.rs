//! Which actions there are: a new one does not compile here until it has its name, and a test asks
//! whether every name comes up.

use crate::model::Action;

macro_rules! actions {
    ($($name:ident),* $(,)?) => {
        /// The names of all actions.
        pub const ACTIONS: &[&str] = &[$(stringify!($name)),*];

        /// The name of an action.
        #[must_use]
        pub const fn action_name(action: &Action) -> &'static str {
            match action {
                $(Action::$name { .. } => stringify!($name)),*
            }
        }
    };
}

actions!(
    Open,
    Configure,
    PutPolicy,
    PutCompany,
    PutProspect,
    PutSender,
    PutCampaign,
    AddStep,
    Enroll,
    Record,
    Retract,
    Hold,
    Resume,
    Lift,
    Reschedule,
    Claim,
    Confirm,
    Report,
    Resend,
    Advance,
    Publish,
    Tick,
    Restored,
    ResendSelected,
    Forget,
    Erase,
    Forgotten,
);
