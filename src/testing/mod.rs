//! What tests need: a simulated disk, for this crate and for a host.

#[cfg(feature = "store")]
pub mod disk;
