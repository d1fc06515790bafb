//! The workloads that Holdline is measured on: who there is, what happens, how it is called, and a
//! program that bounds what can be reached.
//!
//! All of it is plain data, a function of a seed and a size, so that the same people and the same
//! events can be given to anything. [`commands`] alone knows of Holdline.

pub mod callers;
pub mod ceiling;
pub mod commands;
pub mod events;
pub mod people;
#[cfg(feature = "picture")]
pub mod picture;
pub mod random;
pub mod schedule;

/// The seed where nobody names one.
pub const SEED: u64 = 42;
