//! Crashes, restarts and restores: what is found afterwards is what was acknowledged, and perhaps
//! what was on its way, whole; and it shows what the model shows that was told as much.

use super::run::{HISTORY_DAYS, Run, difference};
use super::steps::{Crash, Point};
use super::{Breach, Flaw};
use crate::engine::port::{Frame, Journal, JournalError};
use crate::model::{Action, Command};
use crate::store::codec;
use crate::testing::disk::{Loss, SimDisk};
use crate::testing::model::Picture;
use crate::testing::simulate::action_name;
use crate::testing::torture::Host;
use crate::testing::torture::pages::SimPages;
use crate::testing::world::out_of;

impl Run {
    /// It is closed and opened.
    pub(super) fn reopens(&mut self) -> Result<(), Breach> {
        self.answers(0)?;
        self.counts.restarts += 1;
        self.note("the engine is closed and opened".to_owned());
        let stopped = |what: String| Breach::Stopped { what };
        self.host.close().map_err(stopped)?;
        let (disk, pages) = (self.host.disk.clone(), self.host.pages.clone());
        self.host = Host::open(&disk, &pages, HISTORY_DAYS).map_err(stopped)?;
        self.recovered(self.durable.0)
    }

    /// It is backed up, and so long after that it is restored.
    pub(super) fn restores(&mut self, after_ms: i64) -> Result<(), Breach> {
        let now = self.side.model.now();
        let action = Action::Restored { until: now.plus_ms(after_ms) };
        self.tell(None, Command::new(now, action))?;
        self.reopens()
    }

    /// It crashes with its disk, and is opened again.
    pub(super) fn crashes(&mut self, crash: &Crash) -> Result<(), Breach> {
        self.counts.crashes += 1;
        let stopped = |what: String| Breach::Stopped { what };
        let last = self.host.state.sequence();
        let next = self.host.disk.operations();
        match crash.point {
            Point::Idle => {}
            Point::Answer => self.append().map_err(stopped)?,
            Point::Append => {
                self.host.disk.fail_at(next + crash.operation, crash.half);
                // It does, or it is through before it comes to that.
                let _failed = self.append().is_err();
            }
            Point::Checkpoint => {
                self.answers(0)?;
                let next = self.host.disk.operations();
                self.host.disk.fail_at(next + crash.operation, crash.half);
                if self.host.checkpoint().is_ok() {
                    self.host.tend();
                }
            }
        }
        let (mut disk, mut pages) = lost((&self.host.disk, &self.host.pages), crash.loss);
        if let (Flaw::ForgetsAcknowledged, Some((older, kept))) = (self.flaw, &self.older) {
            (disk, pages) = lost((older, kept), Loss::Nothing);
        }
        if let Some((operation, loss)) = crash.again {
            disk.fail_at(disk.operations() + operation, crash.half);
            let _failed = Host::open(&disk, &pages, HISTORY_DAYS).is_err();
            (disk, pages) = lost((&disk, &pages), loss);
        }
        self.note("the engine crashes with its disk, and is opened again".to_owned());
        self.host = Host::open(&disk, &pages, HISTORY_DAYS).map_err(stopped)?;
        self.recovered(last)
    }

    /// What is there again is all that was durable, with all or nothing of what was on its way; the
    /// model is put there, too.
    fn recovered(&mut self, last: u64) -> Result<(), Breach> {
        let (durable, digest) = self.durable;
        let found = self.looks_at_journal()?;
        if found < durable || (found > durable && found != last) {
            let what =
                format!("command {durable} was acknowledged, {last} was told, {found} found");
            return Err(Breach::NotDurable { what });
        }
        let way = std::mem::take(&mut self.way);
        let commands = way.len();
        if found < last {
            // Only these were told since.
            if let Some(before) = way.into_iter().next().and_then(|first| first.before) {
                self.side = before;
            }
            self.note(format!("the last {commands} commands are gone"));
        } else if commands > 0 {
            self.note(format!("the last {commands} commands are there, and were not answered"));
        }
        if found == durable && self.host.state.snapshot().digest() != digest {
            let what = format!("as of command {found} the state is another one");
            return Err(Breach::NotDurable { what });
        }
        let snapshot = self.host.state.snapshot();
        self.durable = (self.host.state.sequence(), snapshot.digest());
        self.out = out_of(&snapshot);
        let shown = Picture::of_engine(&snapshot);
        let model = Picture::of_model(&self.side.model);
        if let Some(shown) = shown.filter(|shown| *shown != model) {
            let what = format!("after opening it again:\n{}", difference(&shown, &model));
            return Err(Breach::NotDurable { what });
        }
        Ok(())
    }

    /// Reads the whole journal: it is what was told, but for those who were forgotten, and ends
    /// with having been opened. The last command that was told before that; what came after goes.
    pub(super) fn looks_at_journal(&mut self) -> Result<u64, Breach> {
        let mut kept: Vec<(u64, Command)> = Vec::new();
        let read = self.host.journal.first_seq();
        let each = &mut |frame: Frame<'_>| {
            let stop = |what: String| JournalError::Stopped { what };
            let commands: Vec<Command> =
                codec::decode(frame.payload).map_err(|error| stop(error.to_string()))?;
            kept.extend((frame.first_seq..).zip(commands));
            Ok(())
        };
        let read = self.host.journal.read(read, each);
        read.map_err(|error| Breach::NotDurable { what: error.to_string() })?;
        let mut found = kept.first().map_or(0, |(seq, _)| seq.saturating_sub(1));
        for (seq, command) in &kept {
            let place = usize::try_from(seq.saturating_sub(1)).unwrap_or(usize::MAX);
            let is_forgotten = matches!(command.action, Action::Forgotten { .. });
            // What comes before that says less than it said.
            let is_redacted = *seq < self.host.journal.replays_from();
            if is_forgotten || is_redacted || self.journal.get(place) == Some(command) {
                found = *seq;
                *self.counts.actions.entry(action_name(&command.action)).or_default() +=
                    u64::from(is_forgotten);
                continue;
            }
            // From here on it was opened, perhaps more than once.
            break;
        }
        self.journal.truncate(usize::try_from(found).unwrap_or(usize::MAX));
        for (seq, command) in kept.into_iter().filter(|(seq, _)| *seq > found) {
            let is_open = matches!(command.action, Action::Open { .. });
            if !is_open {
                let what = format!("command {seq} is not what was told: {command:?}");
                return Err(Breach::NotDurable { what });
            }
            *self.counts.actions.entry(action_name(&command.action)).or_default() += 1;
            self.journal.push(command);
        }
        Ok(found)
    }
}

/// A disk and the pages on it as they are found when power was lost.
fn lost((disk, pages): (&SimDisk, &SimPages), loss: Loss) -> (SimDisk, SimPages) {
    let after = disk.lose_power(loss);
    let pages = pages.lose_power(&after, loss);
    (after, pages)
}
