//! Random policies with events that they match, as text and plain data.
//!
//! A case is made from bytes: the same bytes are the same case, and fewer or smaller bytes are a
//! plainer one. Property tests draw them at random; a fuzzer looks for those that lead somewhere
//! new.

#![expect(
    clippy::indexing_slicing,
    reason = "a position that is not there is a mistake in the generator, and a test should stop"
)]

mod choices;
mod conditions;
mod effects;
mod history;
mod vocabulary;
mod writer;

pub use history::World;

use crate::model::{Event, PolicyBundle};

/// A policy and what happens under it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The policy.
    pub bundle: PolicyBundle,
    /// The same rules in another order and in other files.
    pub turned: PolicyBundle,
    /// Events as they come in, each with the facts of its moment.
    pub history: Vec<(Event, World)>,
}

impl Case {
    /// The case that the bytes choose.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut choices = choices::Choices::new(bytes);
        let mut writer = writer::Writer::new(&mut choices);
        let [bundle, turned] = writer.bundles();
        let history = writer.history();
        Self { bundle, turned, history }
    }
}
