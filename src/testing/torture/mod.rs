//! A store that is failed at every operation: its journal and its checkpoints lie on a simulated
//! disk, the operation with each number fails in its turn, power is lost or not, and what is found
//! afterwards must be what was acknowledged. So, too, when bringing it up fails again.
//!
//! Everything runs on one thread, so each failure comes at the same moment whenever it is tried.

mod files;
mod host;
pub(super) mod pages;

use std::collections::HashMap;

use self::pages::SimPages;
use super::disk::{Loss, SimDisk};
use super::kill::batch;
use crate::engine::{Digest, State};
use crate::model::{Action, Command, Instant, Report, Token};

pub use self::files::{Harmed, harm_files};
pub(super) use self::host::Host;

/// What nothing needs goes at once.
const NO_DAYS: u32 = 0;

/// How a store is worked with until it fails.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Frames that are appended in all.
    pub frames: usize,
    /// Every so many frames a checkpoint is written.
    pub checkpoint_every: usize,
    /// Every so many frames the house is kept: closed segments are compressed, a base is written if
    /// it is time for one, and what nothing needs goes.
    pub tend_every: usize,
    /// Every so many frames the store is closed and opened again.
    pub reopen_every: usize,
    /// Only every so many operations fails, from the first on: 1 is all of them.
    pub stride: usize,
}

/// What was tried, and found to be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Operations that were let fail while the store was worked with.
    pub failures: u64,
    /// Of these, such that stopped only checkpoints: the work went on.
    pub survived: u64,
    /// States of the disk after a failure that the store was brought up from.
    pub crashes: u64,
    /// Operations that were let fail while it was brought up again.
    pub in_recovery: u64,
    /// Pages of checkpoints that were changed or taken away.
    pub harms: u64,
    /// How often the database was written anew in work without a failure.
    pub swaps: u64,
    /// Bases that there are after work without a failure.
    pub bases: u64,
    /// Whether the journal begins behind one of them then.
    pub trimmed: bool,
}

/// What a host did before it stopped.
struct Done {
    /// Frames of which the host knows that they are kept.
    acknowledged: usize,
    /// Whether everything was done that there was to do.
    finished: bool,
    /// Whether a checkpoint failed on the way.
    checkpoint_failed: bool,
}

impl Host {
    /// Applies the next commands and keeps them, as a writer and its log thread do.
    fn frame(&mut self) -> Result<(), String> {
        let mut kept = Vec::new();
        for mut command in next(&self.state) {
            if self.state.apply(&mut command).journaled {
                kept.push(command);
            }
        }
        self.keep(&kept)
    }

    /// Goes on from so many frames until all are there, or something fails.
    fn work(mut self, from: usize, work: &Work) -> (Done, SimPages) {
        let mut done = Done { acknowledged: from, finished: false, checkpoint_failed: false };
        let pages = self.pages.clone();
        while done.acknowledged < work.frames {
            if self.frame().is_err() {
                return (done, pages);
            }
            done.acknowledged += 1;
            if done.acknowledged.is_multiple_of(work.checkpoint_every) {
                // A host goes on without; nothing is lost.
                done.checkpoint_failed |= self.checkpoint().is_err();
            }
            if done.acknowledged.is_multiple_of(work.tend_every) {
                self.tend();
            }
            if done.acknowledged.is_multiple_of(work.reopen_every) {
                let closed = self.close();
                self = match closed.and_then(|()| Self::open(&self.disk, &pages, NO_DAYS)) {
                    Ok(opened) => opened,
                    Err(_) => return (done, pages),
                };
            }
        }
        done.finished = self.close().is_ok() || done.checkpoint_failed;
        (done, pages)
    }
}

/// What a host does next is a function of the state: what is claimed is confirmed and reported,
/// else the next batch comes. So it does the same wherever a crash leaves it.
fn next(state: &State) -> Vec<Command> {
    let snapshot = state.snapshot();
    let workspace = snapshot.tables.first();
    let claimed = workspace.and_then(|data| data.claims.iter().next());
    let number = workspace.map_or(0, |data| data.prospects.len() as u64);
    let Some((token, claim)) = claimed else {
        return batch(number);
    };
    let at = workspace.map_or(Instant::MIN, |data| data.now);
    let action = |token: Token| match claim.confirmed {
        Some(_) => Action::Report { token, report: Report::Sent { at } },
        None => Action::Confirm { token },
    };
    vec![Command::new(at, action(*token))]
}

/// The digests of the state after each frame, by which frame it was.
struct Expected {
    frames: HashMap<Digest, usize>,
    last: Digest,
}

impl Expected {
    fn of(frames: usize) -> Self {
        let mut state = State::new();
        let mut expected = Self { frames: HashMap::new(), last: state.snapshot().digest() };
        expected.frames.insert(expected.last, 0);
        for frame in 1..=frames {
            for mut command in next(&state) {
                state.apply(&mut command);
            }
            expected.last = state.snapshot().digest();
            expected.frames.insert(expected.last, frame);
        }
        expected
    }

    /// After which frame a state is, which has to be one of those.
    fn frame(&self, host: &Host, acknowledged: usize, when: &str) -> Result<usize, String> {
        let digest = host.state.snapshot().digest();
        let found = self.frames.get(&digest).copied();
        match found {
            Some(frame) if (acknowledged..=acknowledged + 1).contains(&frame) => Ok(frame),
            Some(frame) => Err(format!(
                "{when}: {acknowledged} frames were acknowledged, found {frame}; {:?}",
                host.notes
            )),
            None => Err(format!("{when}: the state is one that never was; {:?}", host.notes)),
        }
    }
}

/// Works with a store as often as it has operations, and lets each fail once.
///
/// # Errors
/// The first thing that was not as it has to be, in a sentence that says when.
pub fn fail_everywhere(work: &Work) -> Result<Tried, String> {
    let expected = Expected::of(work.frames);
    let whole = SimDisk::new();
    let pages = SimPages::new(&whole);
    Host::create(&whole)?;
    let (done, _) = Host::open(&whole, &pages, NO_DAYS)?.work(0, work);
    if !done.finished || done.checkpoint_failed {
        return Err("the work fails where nothing does".to_owned());
    }
    let paths = whole.paths();
    let bases = paths.iter().filter(|path| path.extension().is_some_and(|it| it == "base"));
    let is_first = |path: &std::path::PathBuf| {
        // Plain or compressed.
        path.file_stem().is_some_and(|it| it.to_string_lossy().starts_with("00000000000000000001"))
    };
    let mut tried = Tried { bases: bases.count() as u64, ..Tried::default() };
    tried.swaps = pages.swapped();
    tried.trimmed = !paths.iter().any(is_first);
    let operations = usize::try_from(whole.operations()).unwrap_or(0);
    for operation in (0..operations).step_by(work.stride.max(1)) {
        fail_at(operation as u64, work, &expected, &mut tried)?;
    }
    harm_everywhere(&whole, &pages, &expected, &mut tried)?;
    Ok(tried)
}

fn fail_at(
    operation: u64,
    work: &Work,
    expected: &Expected,
    tried: &mut Tried,
) -> Result<(), String> {
    let disk = SimDisk::new();
    disk.fail_at(operation, operation.is_multiple_of(2));
    let pages = SimPages::new(&disk);
    tried.failures += 1;
    let opened = Host::create(&disk).and_then(|()| Host::open(&disk, &pages, NO_DAYS));
    let done = match opened {
        Ok(host) => host.work(0, work).0,
        Err(_) => Done { acknowledged: 0, finished: false, checkpoint_failed: false },
    };
    tried.survived += u64::from(done.finished);
    for loss in [Loss::Nothing, Loss::Everything, Loss::Some(operation), Loss::Some(!operation)] {
        let when = format!("operation {operation} failed, and then power with {loss:?}");
        let after = disk.lose_power(loss);
        let found = pages.lose_power(&after, loss);
        if after.paths().iter().all(|path| path.extension().is_none_or(|it| it != "seg")) {
            // It failed while the store was made: the next open makes it.
            continue;
        }
        tried.crashes += 1;
        let before = (after.copy(), found.clone());
        let host =
            Host::open(&after, &found, NO_DAYS).map_err(|error| format!("{when}: {error}"))?;
        let frame = expected.frame(&host, done.acknowledged, &when)?;
        finish(host, frame, work, expected, &when)?;
        fail_again(&before, done.acknowledged, expected, (&when, tried))?;
    }
    Ok(())
}

/// Goes on to the end, where the state must be that of work without a failure: with checkpoints,
/// and without.
fn finish(
    host: Host,
    frame: usize,
    work: &Work,
    expected: &Expected,
    when: &str,
) -> Result<(), String> {
    let disk = host.disk.clone();
    let (done, pages) = host.work(frame, work);
    if !done.finished || done.checkpoint_failed {
        return Err(format!("{when}: the work does not go on"));
    }
    for wiped in [false, true] {
        if wiped {
            pages.wipe();
        }
        let host =
            Host::open(&disk, &pages, NO_DAYS).map_err(|error| format!("{when}: {error}"))?;
        if host.state.snapshot().digest() != expected.last {
            return Err(format!("{when}: it ends differently; without checkpoints: {wiped}"));
        }
    }
    Ok(())
}

/// Lets bringing up fail at some of its operations, too, and brings up what that left.
fn fail_again(
    (disk, pages): &(SimDisk, SimPages),
    acknowledged: usize,
    expected: &Expected,
    (when, tried): (&str, &mut Tried),
) -> Result<(), String> {
    for operation in 0.. {
        let again = disk.copy();
        let found = pages.lose_power(&again, Loss::Nothing);
        let before = again.operations();
        again.fail_at(before + operation, operation.is_multiple_of(2));
        let failed = Host::open(&again, &found, NO_DAYS).is_err();
        if again.operations() <= before + operation {
            // It was through before it came to that.
            break;
        }
        tried.in_recovery += 1;
        let loss = Loss::Some(operation.wrapping_mul(31) ^ acknowledged as u64);
        let after = again.lose_power(if failed { loss } else { Loss::Nothing });
        let found = found.lose_power(&after, loss);
        let when = format!("{when}; then operation {operation} of bringing it up");
        let host =
            Host::open(&after, &found, NO_DAYS).map_err(|error| format!("{when}: {error}"))?;
        expected.frame(&host, acknowledged, &when)?;
    }
    Ok(())
}

/// Changes each page of the checkpoints, and takes each away: the state stays what it was, and
/// where the page was needed, that is said.
fn harm_everywhere(
    disk: &SimDisk,
    pages: &SimPages,
    expected: &Expected,
    tried: &mut Tried,
) -> Result<(), String> {
    let mut told = 0;
    for number in 0..pages.count() {
        for flip in [true, false] {
            let after = disk.copy();
            let harmed = pages.lose_power(&after, Loss::Nothing);
            harmed.harm(number, flip);
            tried.harms += 1;
            let when = format!("page {number} was harmed");
            let host =
                Host::open(&after, &harmed, NO_DAYS).map_err(|error| format!("{when}: {error}"))?;
            if host.state.snapshot().digest() != expected.last {
                return Err(format!("{when}: the state is another one; {:?}", host.notes));
            }
            told += usize::from(!host.notes.is_empty());
        }
    }
    if told == 0 {
        return Err("no harm to a page was ever told of".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Work, fail_everywhere, harm_files};

    #[test]
    fn whatever_operation_fails_nothing_acknowledged_is_lost() {
        let work =
            Work { frames: 110, checkpoint_every: 9, tend_every: 4, reopen_every: 41, stride: 19 };
        let tried = fail_everywhere(&work).unwrap();
        assert!(tried.failures > 20 && tried.survived > 0, "{tried:?}");
        assert!(tried.crashes > 80 && tried.in_recovery > 300, "{tried:?}");
        assert!(tried.bases >= 2 && tried.trimmed && tried.swaps >= 2, "{tried:?}");
    }

    #[test]
    fn whatever_file_is_harmed_it_is_noticed_or_makes_no_difference() {
        let place = tempfile::tempdir().unwrap();
        let harmed = harm_files(place.path(), 42, 60).unwrap();
        assert!(harmed.refused > 10 && harmed.mended > 3, "{harmed:?}");
    }
}
