//! What covers a timeline stops its clock; how it goes on when nothing covers it any more.

use std::collections::{BTreeMap, BTreeSet};

use super::{Due, Model, Phase};
use crate::model::{Instant, ResumeMode};
use crate::plan;

/// A timeline that something covers.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    pub since: Instant,
    /// The holds that cover it.
    pub by: BTreeSet<usize>,
    /// The holds that covered it since then, and when each let go.
    pub gone: BTreeMap<usize, Instant>,
}

/// It was frozen, and it is over.
#[derive(Clone, Debug)]
pub(super) struct Freeze {
    pub since: Instant,
    pub released: Instant,
    /// The modes of the holds that let go at that instant.
    pub modes: BTreeSet<ResumeMode>,
}

impl Model {
    /// Brings every timeline up to an instant: one that became free goes on as the holds that let
    /// it go say; one whose window went by waits in the next.
    pub(super) fn look_at_all(&mut self, now: Instant) {
        for at in 0..self.enrollments.len() {
            let by: BTreeSet<usize> = self.covering(at).map(|(id, _)| id).collect();
            let is_free = by.is_empty();
            match self.enrollments[at].frozen.take() {
                None if is_free => {}
                None => {
                    let gone = BTreeMap::new();
                    self.enrollments[at].frozen = Some(Frozen { since: now, by, gone });
                }
                Some(mut frozen) => {
                    let let_go = frozen.by.difference(&by).copied();
                    frozen.gone.extend(let_go.map(|id| (id, now)));
                    frozen.by = by;
                    if is_free {
                        self.became_free(at, &frozen, now);
                    } else {
                        self.enrollments[at].frozen = Some(frozen);
                    }
                }
            }
            if is_free && self.enrollments[at].phase == Phase::Waiting {
                self.move_on_if_missed(at, now);
            }
        }
    }

    fn became_free(&mut self, at: usize, frozen: &Frozen, now: Instant) {
        let last = frozen.gone.iter().filter(|(_, instant)| **instant == now);
        let modes = last.map(|(id, _)| self.holds[*id].mode).collect();
        let freeze = Freeze { since: frozen.since, released: now, modes };
        if self.enrollments[at].phase == Phase::Waiting {
            self.thaw(at, &freeze);
        } else {
            self.enrollments[at].missed.push(freeze);
        }
    }

    /// A send that was out came back unsent, or the step after it counts from an instant: what
    /// froze the timeline meanwhile is made up for, as far as it was after that instant.
    pub(super) fn catch_up(&mut self, at: usize, since: Instant) {
        for mut freeze in std::mem::take(&mut self.enrollments[at].missed) {
            if freeze.released >= since {
                freeze.since = freeze.since.max(since);
                self.move_on_if_missed(at, freeze.since);
                self.thaw(at, &freeze);
            }
        }
        if let Some(frozen) = &mut self.enrollments[at].frozen {
            frozen.since = frozen.since.max(since);
            let since = frozen.since;
            self.move_on_if_missed(at, since);
        }
    }

    /// A new plan was made: it knows of all that was before, and is frozen from now on if it is.
    pub(super) fn begin_anew(&mut self, at: usize) {
        let now = self.now;
        self.enrollments[at].missed.clear();
        if let Some(frozen) = &mut self.enrollments[at].frozen {
            frozen.since = now;
            frozen.gone.clear();
        }
    }

    fn thaw(&mut self, at: usize, freeze: &Freeze) {
        let before = self.enrollments[at].clone();
        let mut latest = before.clone();
        for mode in &freeze.modes {
            self.enrollments[at] = before.clone();
            self.go_on(at, *mode, freeze);
            let moved = &self.enrollments[at];
            let never = Instant::MAX;
            if moved.planned.unwrap_or(never) > latest.planned.unwrap_or(never) {
                latest = moved.clone();
            }
        }
        self.enrollments[at] = latest;
    }

    fn go_on(&mut self, at: usize, mode: ResumeMode, freeze: &Freeze) {
        let Some(planned) = self.enrollments[at].planned else {
            return;
        };
        let released = freeze.released;
        match mode {
            ResumeMode::Keep => self.not_before(at, released),
            ResumeMode::Remaining => {
                let left_ms = planned.ms_since(freeze.since).max(0);
                self.not_before(at, released.plus_ms(left_ms));
            }
            ResumeMode::Restart => {
                let delay = self.next_timing(at).delay;
                let due = plan::due(delay, released, self.step_zone(at));
                if due > planned {
                    self.place_by_delay(at, released, Due::DelayFrom(released));
                }
            }
            ResumeMode::Skip => {
                let mut went_by = planned;
                while went_by < released {
                    let enrollment = &mut self.enrollments[at];
                    if enrollment.position + 1 == enrollment.steps {
                        break;
                    }
                    enrollment.position += 1;
                    enrollment.skipped += 1;
                    enrollment.attempt = 0;
                    let delay = self.next_timing(at).delay;
                    self.place(at, plan::due(delay, went_by, self.step_zone(at)));
                    went_by = self.enrollments[at].planned.unwrap_or(Instant::MAX);
                }
                self.not_before(at, released);
            }
        }
    }

    fn not_before(&mut self, at: usize, from: Instant) {
        if self.enrollments[at].planned.is_some_and(|planned| planned < from) {
            self.place(at, from);
        }
    }
}
