//! What covers a timeline stops its clock; how it goes on when nothing covers it any more.
//!
//! That something covers it is written down when it happens. What follows for the plan is looked
//! at when the enrollment is settled, because a place is looked for in what is left then.

use std::collections::{BTreeMap, BTreeSet};

use super::placing::{Asker, Due};
use super::{Enrollment, Model, Phase};
use crate::model::{Instant, ResumeMode};

/// A timeline that something covers.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    pub since: Instant,
    /// Whether the plan is already the one of then.
    pub known: bool,
    /// The holds that cover it.
    pub by: BTreeSet<usize>,
    /// The holds that covered it since then, and when each let go.
    pub gone: BTreeMap<usize, Instant>,
}

/// It was frozen, and it is over.
#[derive(Clone, Debug)]
pub(super) struct Freeze {
    pub since: Instant,
    pub known: bool,
    pub released: Instant,
    /// The modes of the holds that let go at that instant.
    pub modes: BTreeSet<ResumeMode>,
}

impl Frozen {
    /// That of a plan that is the one of then, if something covers it.
    pub fn since(since: Instant, by: BTreeSet<usize>) -> Option<Self> {
        let frozen = Self { since, known: true, by, gone: BTreeMap::new() };
        Some(frozen).filter(|it| !it.by.is_empty())
    }
}

impl Model {
    /// Writes down for every enrollment what began or ceased to cover it at an instant.
    pub(super) fn look_at_all(&mut self, now: Instant) {
        for at in 0..self.enrollments.len() {
            let by: BTreeSet<usize> = self.covering(at).map(|(id, _)| id).collect();
            match self.enrollments[at].frozen.take() {
                None if by.is_empty() => {}
                None => {
                    let (known, gone) = (false, BTreeMap::new());
                    self.enrollments[at].frozen = Some(Frozen { since: now, known, by, gone });
                }
                Some(mut frozen) => {
                    let let_go = frozen.by.difference(&by).copied();
                    frozen.gone.extend(let_go.map(|id| (id, now)));
                    frozen.by = by;
                    if frozen.by.is_empty() {
                        let last = frozen.gone.iter().filter(|(_, instant)| **instant == now);
                        let modes = last.map(|(id, _)| self.holds[*id].mode).collect();
                        let Frozen { since, known, .. } = frozen;
                        let freeze = Freeze { since, known, released: now, modes };
                        self.enrollments[at].thawed.push(freeze);
                    } else {
                        self.enrollments[at].frozen = Some(frozen);
                    }
                }
            }
        }
    }

    /// An enrollment as it stands now: what covered it and its missed windows are in its plan. What
    /// it is planned on is not taken yet.
    pub(super) fn settled(&self, at: usize) -> Enrollment {
        let mut it = self.enrollments[at].clone();
        // A send that is out of its timeline has no plan that could move.
        if it.phase != Phase::Waiting {
            return it;
        }
        if it.planned.is_none() {
            it.begin_anew(self.now);
            return it;
        }
        for freeze in std::mem::take(&mut it.thawed) {
            if !freeze.known {
                self.on_time(&mut it, freeze.since);
            }
            self.thaw(&mut it, &freeze);
        }
        match it.frozen.clone() {
            Some(frozen) if frozen.known => {}
            Some(frozen) => self.on_time(&mut it, frozen.since),
            None => self.on_time(&mut it, self.now),
        }
        if let Some(frozen) = &mut it.frozen {
            frozen.known = true;
            frozen.gone.clear();
        }
        it
    }

    /// Has an enrollment take what it is planned on as it stands now.
    pub(super) fn settle(&mut self, at: usize) {
        self.enrollments[at] = self.settled(at);
    }

    /// The plan as of an instant: where its window had gone by, or its day, in the window of then.
    fn on_time(&self, it: &mut Enrollment, when: Instant) {
        let Some(planned) = it.planned.filter(|planned| *planned <= when) else {
            return;
        };
        let today = self.sender_day(&it.sender, when);
        let window = self.open_window(it, planned);
        if it.days.first() == Some(&today) && window.is_some_and(|(_, end)| end > when) {
            return;
        }
        let due = match self.open_window(it, when) {
            Some((start, _)) => start.max(self.sender_zone(&it.sender).day_start(today)),
            None => when,
        };
        self.place(it, Due::From(due), Asker::Conversation);
    }

    /// Where several holds let go at once, the latest result counts.
    fn thaw(&self, it: &mut Enrollment, freeze: &Freeze) {
        let instant = |it: &Enrollment| it.planned.unwrap_or(Instant::MAX);
        let mut latest = it.clone();
        for mode in &freeze.modes {
            let mut moved = it.clone();
            self.go_on(&mut moved, *mode, freeze);
            if instant(&moved) > instant(&latest) {
                latest = moved;
            }
        }
        *it = latest;
    }

    fn go_on(&self, it: &mut Enrollment, mode: ResumeMode, freeze: &Freeze) {
        let Some(planned) = it.planned else {
            return;
        };
        let released = freeze.released;
        match mode {
            ResumeMode::Keep => self.not_before(it, released),
            ResumeMode::Remaining => {
                let left_ms = planned.ms_since(freeze.since).max(0);
                self.not_before(it, released.plus_ms(left_ms));
            }
            ResumeMode::Restart => {
                if self.after_delay(it, released) > planned {
                    self.place(it, Due::DelayFrom(released), Asker::Conversation);
                }
            }
            ResumeMode::Skip => {
                while let Some(went_by) = it.planned.filter(|planned| *planned < released)
                    && it.position + 1 < it.steps
                {
                    it.position += 1;
                    it.skipped += 1;
                    it.attempt = 0;
                    let due = Due::From(self.after_delay(it, went_by));
                    self.place(it, due, Asker::Conversation);
                }
                self.not_before(it, released);
            }
        }
    }

    fn not_before(&self, it: &mut Enrollment, from: Instant) {
        if it.planned.is_some_and(|planned| planned < from) {
            self.place(it, Due::From(from), Asker::Conversation);
        }
    }
}

impl Enrollment {
    /// A new plan is made: it knows of all that was before, and is frozen from now on if it is.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        self.thawed.clear();
        if let Some(frozen) = &mut self.frozen {
            (frozen.since, frozen.known) = (now, true);
            frozen.gone.clear();
        }
    }

    /// The next step counts from an instant: of what froze the timeline, only what was after it
    /// matters.
    pub(super) fn counts_from(&mut self, since: Instant) {
        self.thawed.retain(|freeze| freeze.released >= since);
        for freeze in &mut self.thawed {
            freeze.since = freeze.since.max(since);
        }
        if let Some(frozen) = &mut self.frozen {
            frozen.since = frozen.since.max(since);
        }
    }
}
