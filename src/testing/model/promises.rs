//! What must be true of a model whatever it was told: it is checked too.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Enrollment, Model, Phase};

/// How many slots are taken, by sender and day.
type Taken = BTreeMap<(String, NaiveDate), usize>;

impl Model {
    fn taken(&self) -> Taken {
        let mut taken = Taken::new();
        let promised = self.enrollments.iter().flat_map(|it| {
            let days = it.days.iter();
            days.map(|day| (it.sender.clone(), *day))
        });
        let spent = self.went.iter().flat_map(|(sender, went)| {
            let days = went.iter();
            days.map(|(_, day)| (sender.clone(), *day))
        });
        let may_have = self.may_have_gone.iter().flat_map(|(sender, days)| {
            let days = days.iter();
            days.map(|day| (sender.clone(), *day))
        });
        for slot in promised.chain(spent).chain(may_have) {
            *taken.entry(slot).or_default() += 1;
        }
        taken
    }

    /// What a model that was told one thing more than another does not keep, in words: no slot is
    /// taken of a day that is full, and what is planned may go out when it is.
    #[must_use]
    pub fn breaks(&self, before: &Self) -> Vec<String> {
        let mut broken = Vec::new();
        let taken_before = before.taken();
        for ((sender, day), count) in self.taken() {
            let slot = (sender.clone(), day);
            let known = taken_before.get(&slot).copied().unwrap_or(0);
            // A limit that was lowered takes nothing back of what is spent.
            let most = self.limit(&sender).map_or(usize::MAX, |limit| limit.max(known));
            if count > most && day >= self.sender_day(&sender, self.now) {
                broken.push(format!("{sender} has {count} of {most} on {day}"));
            }
        }
        // While something is to be planned anew, plans may be old.
        for it in self.enrollments.iter().filter(|_| !self.has_work()) {
            if let Some(why) = self.misplaced(it) {
                broken.push(format!("{} in {}: {why}", it.prospect, it.campaign));
            }
        }
        broken
    }

    fn misplaced(&self, it: &Enrollment) -> Option<&'static str> {
        if !it.has_next() && it.phase == Phase::Waiting && !it.days.is_empty() {
            return Some("it has slots for nothing");
        }
        // What is over is placed anew when it is met.
        let planned = it.planned.filter(|at| *at > self.now && it.phase == Phase::Waiting)?;
        if self.open_window(it, planned).is_none() {
            return Some("it is planned when nothing may go out");
        }
        let day = self.sender_day(&it.sender, planned);
        let other_day = it.days.first().is_some_and(|first| *first != day);
        other_day.then_some("its slot is of another day")
    }
}
