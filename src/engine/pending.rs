//! An answer that is on its way.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use super::error::EngineError;
use super::writer::ended;
use crate::model::Outcome;

/// Commands that were handed over with [`super::Engine::submit`]. They are applied whether or not
/// anybody waits for the answer.
#[derive(Debug)]
pub struct Pending {
    pub(super) answer: Receiver<Result<Vec<Outcome>, EngineError>>,
    pub(super) poison: Arc<Mutex<Option<EngineError>>>,
}

impl Pending {
    /// Waits until the commands are durable, and returns their outcomes.
    ///
    /// # Errors
    /// As [`super::Engine::apply`].
    pub fn wait(self) -> Result<Vec<Outcome>, EngineError> {
        self.answer.recv().unwrap_or_else(|_| Err(ended(&self.poison)))
    }
}
