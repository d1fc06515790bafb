//! A store on a simulated disk, with the state that it keeps: what a writer, its log thread and its
//! keeper do, on one thread.

use std::path::Path;
use std::sync::Arc;

use super::pages::SimPages;
use crate::engine::port::{Frame, Journal, Sync};
use crate::engine::{Hurry, Keeper, State};
use crate::model::Command;
use crate::open::{StoreKeeper, bring_up};
use crate::store::journal::FileJournal;
use crate::store::{Options, Parts, StoreId, codec};
use crate::testing::disk::SimDisk;

const STORE: StoreId = StoreId([9; 16]);
const DIR: &str = "/store";
/// Small, so that there are several of them.
const SEGMENT_BYTES: u64 = 4_000;
/// So that there are some, and segments go behind them.
const BASE_BYTES: u64 = 1_000;

/// A store on a simulated disk.
pub(in crate::testing) struct Host {
    pub(in crate::testing) disk: SimDisk,
    pub(in crate::testing) pages: SimPages,
    pub(in crate::testing) state: State,
    pub(in crate::testing) journal: FileJournal,
    keeper: StoreKeeper,
    pub(in crate::testing) notes: Vec<String>,
}

impl Host {
    /// A new store.
    pub(in crate::testing) fn create(disk: &SimDisk) -> Result<(), String> {
        let dir = Path::new(DIR).join("journal");
        FileJournal::create(disk, &dir, &STORE.0).map_err(|error| error.to_string())
    }

    /// Opens it: history stays for so many days.
    pub(in crate::testing) fn open(
        disk: &SimDisk,
        pages: &SimPages,
        history_days: u32,
    ) -> Result<Self, String> {
        let options = Options {
            segment_bytes: SEGMENT_BYTES,
            base_bytes: BASE_BYTES,
            history_days,
            ..Options::default()
        };
        let home = Box::new(pages.clone());
        let parts = Parts::look(Arc::new(disk.clone()), (Path::new(DIR), STORE), home);
        let parts =
            parts.and_then(|parts| parts.open(options, None)).map_err(|it| it.to_string())?;
        let (state, journal, keeper, opened) =
            bring_up(parts, None, &options).map_err(|error| error.to_string())?;
        let (disk, pages, notes) = (disk.clone(), pages.clone(), opened.notes);
        Ok(Self { disk, pages, state, journal, keeper, notes })
    }

    /// Keeps the commands that the state was told last, as one group.
    pub(in crate::testing) fn keep(&mut self, commands: &[Command]) -> Result<(), String> {
        let payload = codec::encode(commands).map_err(|error| error.to_string())?;
        let last_seq = self.state.sequence();
        let first_seq = (last_seq + 1).saturating_sub(commands.len() as u64);
        let frame = Frame { first_seq, last_seq, payload: &payload };
        self.journal.append(&[frame], Sync::Level).map_err(|error| error.to_string())
    }

    pub(in crate::testing) fn checkpoint(&mut self) -> Result<(), String> {
        self.keeper.keep(&self.state.image(), Hurry::Awaited)
    }

    /// What fails of it is left for the next time.
    pub(in crate::testing) fn tend(&mut self) {
        let image = self.state.image();
        let _kept = self.keeper.keep_base(&image).is_ok();
        while self.keeper.tend(&mut || Ok(image.clone())).is_ok_and(|more| more) {}
    }

    pub(in crate::testing) fn close(&mut self) -> Result<(), String> {
        self.journal.close().map_err(|error| error.to_string())?;
        self.checkpoint()
    }
}
