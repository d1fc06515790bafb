//! Holdline: an embedded engine for outreach timelines.

pub mod engine;
pub mod lang;
pub mod model;
pub mod plan;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
