//! Sends by their tokens: the same send has another one in another run, or in the model.

use std::collections::BTreeMap;

use crate::engine::Snapshot;
use crate::engine::view::InFlight;
use crate::model::{Action, Command, Outcome, Token};
use crate::testing::model::Model;

/// A step of an enrollment: the campaign, the prospect, and the step, counted from 1.
pub type SendKey = (String, String, u16);

/// A send that is out of its timeline.
#[derive(Clone, Debug)]
pub struct Out {
    /// Its token.
    pub token: Token,
    /// What it is.
    pub send: SendKey,
}

/// The sends that are out of their timelines in a snapshot.
#[must_use]
pub fn out_of(snapshot: &Snapshot) -> Vec<Out> {
    let in_flight = snapshot.view("default").map(|view| view.in_flight());
    let sends = in_flight.into_iter().flatten();
    let key = |it: InFlight| Out { token: it.token, send: (it.campaign, it.prospect, it.step) };
    sends.map(key).collect()
}

/// Those of a model.
#[must_use]
pub fn out_of_model(model: &Model) -> Vec<Out> {
    let sends = model.in_flight().into_iter();
    let key = |(campaign, prospect, token, step)| Out {
        token,
        send: (campaign, prospect, u16::try_from(step).unwrap_or(u16::MAX)),
    };
    sends.map(key).collect()
}

/// The tokens of one run, by those of another.
#[derive(Clone, Debug, Default)]
pub struct Tokens(BTreeMap<Token, Token>);

impl Tokens {
    /// Whether the tokens of a command have been learned.
    #[must_use]
    pub fn knows(&self, command: &Command) -> bool {
        let mut command = command.clone();
        token_of(&mut command.action).is_none_or(|token| self.0.contains_key(token))
    }

    /// A command of the other run as one of this.
    #[must_use]
    pub fn here(&self, command: &Command) -> Command {
        let mut command = command.clone();
        if let Some(token) = token_of(&mut command.action)
            && let Some(own) = self.0.get(token)
        {
            *token = *own;
        }
        command
    }

    /// Remembers the tokens of an answer to the same claim.
    pub fn learn(&mut self, theirs: &Outcome, ours: &Outcome) {
        if let (Outcome::Claimed { sends: theirs, .. }, Outcome::Claimed { sends: ours, .. }) =
            (theirs, ours)
        {
            let pairs = theirs.iter().zip(ours);
            self.0.extend(pairs.map(|(theirs, ours)| (theirs.token, ours.token)));
        }
    }

    /// Remembers the tokens of what went out of its timeline there, as it is called here.
    pub fn learn_lost(&mut self, theirs: &[Out], ours: &[Out]) {
        for lost in theirs {
            let same = ours.iter().find(|it| it.send == lost.send);
            self.0.extend(same.map(|it| (lost.token, it.token)));
        }
    }
}

/// The token in an action.
pub fn token_of(action: &mut Action) -> Option<&mut Token> {
    match action {
        Action::Confirm { token } | Action::Report { token, .. } | Action::Resend { token, .. } => {
            Some(token)
        }
        _ => None,
    }
}

/// A command as the writer journals it, but for the salt that it draws.
#[must_use]
pub fn journaled(mut command: Command) -> Command {
    if let Action::Forget { prospect, reason } = command.action {
        command.action = Action::Erase { prospect, addresses: vec![], salt: 7, reason };
    }
    command
}
