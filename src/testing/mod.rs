//! What tests need: a simulated disk, a load to kill, threads that race, a whole host on one seed,
//! the reference model, and generators of random input, for this crate and for a host.

pub mod commands;
pub mod differential;
#[cfg(feature = "store")]
pub mod disk;
pub mod explore;
pub mod fuzz;
#[cfg(feature = "store")]
pub mod kill;
pub mod model;
pub mod policies;
#[cfg(feature = "store")]
pub mod race;
#[cfg(feature = "store")]
pub mod simulate;
#[cfg(feature = "store")]
pub mod torture;
pub mod world;
