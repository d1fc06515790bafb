//! An answer that is on its way.

use std::sync::Arc;

use super::error::EngineError;
use super::sighting::Sighting;
use super::threads::Mutex;
use super::threads::mpsc::Receiver;
use super::writer::ended;
use crate::model::Outcome;

/// Commands that were handed over with [`super::Engine::submit`]. They are applied whether or not
/// anybody waits for the answer.
#[derive(Debug)]
pub struct Pending {
    pub(super) answer: Receiver<Result<Vec<Outcome>, EngineError>>,
    pub(super) poison: Arc<Mutex<Option<EngineError>>>,
    /// What was found for the commands: the pictures that it is of are let go of by whoever waits,
    /// not by the writer.
    pub(super) sightings: Vec<Arc<Sighting>>,
}

impl Pending {
    /// Waits until the commands are durable, and returns their outcomes.
    ///
    /// # Errors
    /// As [`super::Engine::apply`].
    pub fn wait(self) -> Result<Vec<Outcome>, EngineError> {
        let answer = self.answer.recv().unwrap_or_else(|_| Err(ended(&self.poison)));
        drop(self.sightings);
        answer
    }
}
