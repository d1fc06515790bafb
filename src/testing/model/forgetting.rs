//! Forgetting a person: everything that names it names a number from then on.

use super::holds::{Hold, Target};
use super::{Answer, Model, known, unknown};
use crate::model::{HoldKind, Outcome, ResumeMode, forgotten_key, is_forgotten_key};

impl Model {
    pub(super) fn forget(&mut self, key: &str) -> Answer {
        known("prospect", Some(key), &self.prospects)?;
        if is_forgotten_key(key) {
            return Err(unknown("prospect", key));
        }
        let known_by = |model: &Self| {
            let now = model.prospects[key].address.clone();
            let earlier = model.earlier.get(key).into_iter().flatten().cloned();
            let texts = [key.to_owned()].into_iter().chain(now).chain(earlier);
            texts.map(|text| text.to_lowercase()).collect::<Vec<_>>()
        };
        let stopped = self.is_stopped_for_good(key);
        for text in known_by(self) {
            if stopped {
                self.stopped_and_forgotten.insert(text);
            } else {
                self.stopped_and_forgotten.remove(&text);
            }
        }
        let all = 0..self.enrollments.len();
        let theirs: Vec<usize> = all.filter(|at| self.enrollments[*at].prospect == key).collect();
        self.stop_for_good(key, "forgotten");
        let record = self.prospects.get_mut(key);
        if record.is_some_and(|record| record.zone.take().is_some()) {
            theirs.iter().for_each(|at| self.place_again(*at));
        }
        for at in theirs {
            let it = &mut self.enrollments[at];
            it.days.truncate(usize::from(it.phase == super::Phase::Claimed));
        }
        self.earlier.remove(key);
        self.rename(key);
        Ok(Outcome::Forgotten { stopped })
    }

    pub(super) fn stop_for_good(&mut self, prospect: &str, why: &str) {
        self.place_hold(Hold {
            kind: HoldKind::Stop,
            target: Target::Prospect(prospect.to_owned()),
            until: None,
            mode: ResumeMode::Keep,
            rule: Some(why.to_owned()),
            identity: None,
            about: None,
            ended: None,
        });
        // What the same command plans knows of it.
        self.look_at_all(self.now);
    }

    /// A stop is on the prospect, or on an enrollment that no other campaign took the place of.
    fn is_stopped_for_good(&self, key: &str) -> bool {
        let mut live = self.holds.iter().filter(|it| it.live() && it.kind == HoldKind::Stop);
        live.any(|hold| match &hold.target {
            Target::Prospect(prospect) => prospect == key,
            Target::Enrollment { prospect, .. } => {
                prospect == key && hold.rule.as_deref() != Some("replaced")
            }
            Target::Selection(members) => {
                members.iter().any(|at| self.enrollments[*at].prospect == key)
            }
            _ => false,
        })
    }

    fn rename(&mut self, key: &str) {
        let number = self.prospect_order.iter().position(|it| it == key).unwrap_or_default();
        let name = forgotten_key(u32::try_from(number).unwrap_or(u32::MAX));
        let rename = |text: &mut String| {
            if text == key {
                text.clone_from(&name);
            }
        };
        self.prospect_order.iter_mut().for_each(rename);
        if let Some(company) = self.named_companies.remove(key) {
            self.named_companies.insert(name.clone(), company);
        }
        if let Some(mut record) = self.prospects.remove(key) {
            record.key.clone_from(&name);
            (record.address, record.tags, record.fields) = (None, None, None);
            self.prospects.insert(name.clone(), record);
        }
        self.enrollments.iter_mut().for_each(|it| rename(&mut it.prospect));
        for hold in &mut self.holds {
            let rename = |target: &mut Target| match target {
                Target::Prospect(prospect) | Target::Enrollment { prospect, .. } => {
                    rename(prospect);
                }
                _ => {}
            };
            rename(&mut hold.target);
            let is_theirs = hold.about.take_if(|about| about == key).is_some();
            if let Some((_, _, _, event, target)) = &mut hold.identity {
                rename(target);
                if is_theirs {
                    event.clear();
                }
            }
        }
        let (before, after) = (format!("prospect {key}"), format!("prospect {name}"));
        let counted_for = |target: &mut String| {
            if *target == before {
                target.clone_from(&after);
            }
        };
        for past in &mut self.happened {
            past.about.prospect.iter_mut().for_each(rename);
            past.targets.iter_mut().filter_map(|it| it.1.as_mut()).for_each(counted_for);
        }
        for counted in &mut self.counted {
            counted.prospect.iter_mut().for_each(rename);
            counted_for(&mut counted.target);
        }
    }
}
