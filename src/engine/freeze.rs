//! What holds hang off, and when they covered it: enough to find out later where a timeline goes
//! on, so that nothing has to be looked at when a hold is placed or lifted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Instant, ResumeMode};

/// The freezes that a target remembers. Of more than these the oldest two count as one, from the
/// beginning of the first to the end of the second: a timeline that waits through all of them
/// may go on later than it had to, never earlier than it may.
const MAX_FREEZES: usize = 64;

/// A moment in the order of commands.
///
/// Several commands may share an instant; the step tells them apart. What time does on the way to
/// a command has a step of its own before the command's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) at: Instant,
    pub(crate) step: u64,
}

impl Mark {
    /// The step in which time passes before a command with this sequence number.
    pub(crate) const fn before(sequence: u64) -> u64 {
        sequence.saturating_mul(2)
    }

    /// The step of a command with this sequence number.
    pub(crate) const fn of(sequence: u64) -> u64 {
        sequence.saturating_mul(2).saturating_add(1)
    }

    /// When everything of this step is over.
    pub(crate) const fn over(self) -> Self {
        Self { at: self.at, step: self.step.saturating_add(1) }
    }
}

/// A set of resume modes: those of the holds that let go at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Modes(u8);

impl Modes {
    const fn bit(mode: ResumeMode) -> u8 {
        match mode {
            ResumeMode::Keep => 1,
            ResumeMode::Remaining => 2,
            ResumeMode::Restart => 4,
            ResumeMode::Skip => 8,
        }
    }

    pub(crate) const fn with(self, mode: ResumeMode) -> Self {
        Self(self.0 | Self::bit(mode))
    }

    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = ResumeMode> {
        ResumeMode::ALL.into_iter().filter(move |mode| self.0 & Self::bit(*mode) != 0)
    }
}

/// A stretch in which something was covered, half-open, and how the holds whose lifting ended it
/// let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Freeze {
    pub(crate) from: Mark,
    pub(crate) to: Mark,
    pub(crate) modes: Modes,
}

/// A freeze as an enrollment sees it: of one target, or of several that overlap; maybe not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cover {
    pub(crate) from: Mark,
    pub(crate) to: Option<Mark>,
    pub(crate) modes: Modes,
}

impl Cover {
    /// Takes in another that overlaps this one: it ends where the later of the two does, with the
    /// modes of all that let go at that very instant.
    fn join(&mut self, other: Self) {
        let (Some(own), Some(others)) = (self.to, other.to) else {
            self.to = None;
            return;
        };
        if others.at == own.at {
            self.modes = self.modes.and(other.modes);
            self.to = Some(if others.step > own.step { others } else { own });
        } else if others.at > own.at {
            (self.to, self.modes) = (Some(others), other.modes);
        }
    }
}

/// Overlapping covers freeze once.
pub(crate) fn merged(mut covers: Vec<Cover>) -> Vec<Cover> {
    covers.sort_by_key(|cover| cover.from.step);
    let mut merged: Vec<Cover> = Vec::new();
    for cover in covers {
        match merged.last_mut() {
            // Lifted and placed in the same step, it was never free.
            Some(last) if last.to.is_none_or(|to| cover.from.step <= to.step) => last.join(cover),
            _ => merged.push(cover),
        }
    }
    merged
}

/// What holds hang off: those that are live, and the freezes that somebody may not know of yet.
///
/// A thin pointer, because nearly all anchors have none; and snapshots share what it points to
/// until that changes, because a copy of a page of records would have to make it anew for each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Anchor {
    held: Option<Arc<Held>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Held {
    /// Live holds in the order in which they were placed.
    live: Vec<u32>,
    /// When the live ones began to cover it.
    since: Mark,
    /// The last end of a hold since then, and how those that ended at that instant let go.
    ended: Instant,
    modes: Modes,
    /// In the order in which they ended.
    freezes: Vec<Freeze>,
}

impl Anchor {
    /// Nothing hangs off it.
    pub(crate) const FREE: Self = Self { held: None };

    pub(crate) const fn is_free(&self) -> bool {
        self.held.is_none()
    }

    pub(crate) fn live(&self) -> &[u32] {
        self.held.as_ref().map_or(&[], |held| &held.live)
    }

    pub(crate) fn attach(&mut self, hold: u32, now: Mark) {
        let held = self.held.get_or_insert_with(|| {
            let (live, freezes) = (Vec::new(), Vec::new());
            Arc::new(Held { live, since: now, ended: now.at, modes: Modes::default(), freezes })
        });
        let held = Arc::make_mut(held);
        if held.live.is_empty() {
            (held.since, held.ended, held.modes) = (now, now.at, Modes::default());
        }
        held.live.push(hold);
    }

    /// Takes a hold away. False if it was not there.
    pub(crate) fn detach(&mut self, hold: u32, mode: ResumeMode, now: Mark) -> bool {
        let Some(held) = self.held.as_mut().map(Arc::make_mut) else {
            return false;
        };
        let before = held.live.len();
        held.live.retain(|id| *id != hold);
        if held.live.len() == before {
            return false;
        }
        let same = held.ended == now.at;
        held.modes = if same { held.modes } else { Modes::default() }.with(mode);
        held.ended = now.at;
        if held.live.is_empty() {
            // What one step placed and lifted covered nothing.
            if held.since.step < now.step {
                held.remember(Freeze { from: held.since, to: now, modes: held.modes });
            }
            self.tidy();
        }
        true
    }

    /// What of it an enrollment has to take into account that is settled up to a step.
    pub(crate) fn covers(&self, step: u64) -> impl Iterator<Item = Cover> {
        let held = self.held.as_deref();
        let freezes = held.map_or(&[][..], |held| &held.freezes);
        // They are in the order of their ends: nearly always there is nothing to look at.
        let first = freezes.partition_point(|freeze| freeze.to.step < step);
        let over = freezes.iter().skip(first);
        let over = over.map(|it| Cover { from: it.from, to: Some(it.to), modes: it.modes });
        let live = held.filter(|held| !held.live.is_empty());
        over.chain(live.map(|held| Cover { from: held.since, to: None, modes: Modes::default() }))
    }

    /// Whether freezes are remembered.
    pub(crate) fn remembers(&self) -> bool {
        self.held.as_ref().is_some_and(|held| !held.freezes.is_empty())
    }

    /// Forgets what everybody under it is settled beyond.
    pub(crate) fn forget_before(&mut self, step: u64) {
        if let Some(held) = self.held.as_mut().map(Arc::make_mut) {
            held.freezes.retain(|freeze| freeze.to.step >= step);
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        self.held.take_if(|held| held.live.is_empty() && held.freezes.is_empty());
    }
}

impl Held {
    fn remember(&mut self, freeze: Freeze) {
        if self.freezes.len() >= MAX_FREEZES {
            let oldest = self.freezes.remove(0);
            if let Some(next) = self.freezes.first_mut() {
                next.from = oldest.from;
            }
        }
        // Most have one, and there are many of them.
        self.freezes.reserve_exact(1);
        self.freezes.push(freeze);
    }
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Mark};
    use crate::engine::state::State;
    use crate::json::read_command;
    use crate::model::{Instant, Outcome, ResumeMode};

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn tell(state: &mut State, at: Instant, body: &str) -> Outcome {
        let mut command = read_command(format!(r#"{{"at":"{at}",{body}}}"#).as_bytes()).unwrap();
        let outcome = state.apply(&mut command).outcome;
        assert!(outcome.refusal().is_none(), "{outcome:?}");
        outcome
    }

    /// A person with nothing planned remembered up to 64 freezes, 40 bytes each, for a plan that
    /// there was not: freezes went only when a timeline of the person was settled, and of somebody
    /// who had had the last message, or was in no campaign, none ever was again.
    #[test]
    fn who_has_nothing_planned_remembers_no_freezes() {
        let mut state = State::new();
        let mut at: Instant = "2026-03-02T08:00:00Z".parse().unwrap();
        let campaign = r#""do":"put-campaign","key":"c","senders":["s"],"steps":[{"name":"a"}]"#;
        tell(&mut state, at, r#""do":"put-sender","key":"s""#);
        tell(&mut state, at, campaign);
        for who in ["waits", "had all", "in none"] {
            tell(&mut state, at, &format!(r#""do":"put-prospect","key":"{who}""#));
        }
        tell(&mut state, at, r#""do":"enroll","campaign":"c","prospect":"had all""#);
        let claimed = tell(&mut state, at, r#""do":"claim","limit":1,"lease":"10m""#);
        let Outcome::Claimed { sends, .. } = claimed else { panic!("{claimed:?}") };
        let token = sends[0].token;
        tell(&mut state, at, &format!(r#""do":"confirm","token":"{token}""#));
        tell(&mut state, at, &format!(r#""do":"sent","token":"{token}""#));
        tell(&mut state, at, r#""do":"enroll","campaign":"c","prospect":"waits""#);
        for _ in 0..3 {
            at = at.plus_ms(HOUR_MS);
            let pause = |who: &str| format!(r#""do":"pause","prospect":"{who}""#);
            let pauses = ["waits", "had all", "in none"].map(pause);
            let in_campaign = r#""do":"pause","campaign":"c","prospect":"had all""#.to_owned();
            for pause in pauses.into_iter().chain([in_campaign]) {
                let held = tell(&mut state, at, &pause);
                let Outcome::Held { hold, .. } = held else { panic!("{held:?}") };
                let lift = format!(r#""do":"lift","hold":{hold}"#);
                tell(&mut state, at.plus_ms(HOUR_MS), &lift);
                at = at.plus_ms(HOUR_MS);
            }
        }
        let snapshot = state.snapshot();
        let data = snapshot.data("default").unwrap();
        let remembers = |who: &str| {
            let id = data.prospect_names.id(who).unwrap();
            data.prospects.get(id).unwrap().anchor().remembers()
        };
        let all = ["waits", "had all", "in none"].map(remembers);
        assert_eq!(all, [true, false, false]);
        assert!(data.enrollments.iter().all(|(_, record)| !record.anchor().remembers()));
    }

    /// There are many that were held once, and nothing of that is of use.
    #[test]
    fn an_anchor_without_holds_and_freezes_takes_no_memory() {
        let mark = |step: u64| Mark { at: Instant::from_ms(1_772_438_400_000), step };
        let mut anchor = Anchor::default();
        anchor.attach(7, mark(1));
        assert!(anchor.held.is_some() && !anchor.detach(8, ResumeMode::Keep, mark(1)));
        // What one step placed and lifted covered nothing.
        assert!(anchor.detach(7, ResumeMode::Keep, mark(1)));
        assert!(anchor.held.is_none(), "{anchor:?}");
        anchor.attach(7, mark(2));
        assert!(anchor.detach(7, ResumeMode::Keep, mark(3)));
        anchor.forget_before(3);
        assert!(anchor.remembers(), "who is settled up to that step has it before it");
        anchor.forget_before(4);
        assert!(anchor.held.is_none(), "{anchor:?}");
    }
}
