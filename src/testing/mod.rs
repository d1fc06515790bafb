//! What tests need: a simulated disk, and generators of random input, for this crate and for a host.

pub mod commands;
#[cfg(feature = "store")]
pub mod disk;
