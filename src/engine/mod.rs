//! The engine: a deterministic state machine over commands, and the thread that owns it.
//!
//! It knows nothing of files, sockets or clocks: what keeps its commands and its state is behind
//! the ports of [`port`].

mod address;
mod agenda;
mod ahead;
mod audit;
mod campaign;
mod capacity;
#[cfg(feature = "store")]
mod cold;
mod contacts;
mod control;
mod cost;
pub(crate) mod counting;
mod data;
mod digest;
mod ended;
mod enrollment;
#[cfg(feature = "store")]
mod erased;
mod error;
mod event;
mod explain;
mod facts;
mod fingerprint;
mod forget;
mod freeze;
mod handle;
mod held;
mod hold;
mod image;
mod index;
mod lanes;
mod lineup;
mod listen;
mod marks;
mod mentions;
mod names;
mod pages;
mod pending;
mod people;
mod person;
mod places;
pub mod port;
mod read;
mod recall;
mod record;
#[cfg(feature = "store")]
mod redact;
mod rehearse;
mod replan;
mod restored;
mod room;
mod scouts;
mod seen;
mod select;
mod send;
mod shards;
mod shared_list;
mod sighting;
mod sizes;
mod state;
mod threads;
mod timeline;
pub mod view;
mod weight;
mod whereabouts;
mod why;
mod workspace;
mod writer;

pub use address::SUFFIX_VERSION;
pub(crate) use address::is_free_mail;
pub use audit::Audit;
#[cfg(feature = "store")]
pub use cold::ColdAgenda;
#[cfg(feature = "store")]
pub(crate) use cold::ColdWorkspace;
#[cfg(all(test, feature = "store"))]
pub(crate) use cold::planned;
pub use digest::Digest;
#[cfg(feature = "store")]
pub(crate) use erased::ErasedAt;
pub use error::EngineError;
pub use handle::{Engine, Opened};
#[cfg(feature = "store")]
pub(crate) use handle::{Home, Hurry, Keeper, Parts, TakeImage};
pub use image::ImageMarks;
pub use pending::Pending;
#[cfg(feature = "store")]
pub(crate) use person::Person;
pub use read::{CompanyView, List, View};
pub use recall::MAX_PAST;
pub use record::Tally;
pub use rehearse::Rehearsal;
pub use sizes::Sizes;
pub use state::{Applied, DEFAULT_WORKSPACE, Snapshot, State};
pub use writer::{BATCH_BYTES, BATCH_COMMANDS};
#[cfg(feature = "store")]
pub(crate) use writer::{Codec, Idle};
