//! What both sides are compared by: where every enrollment stands, and the meaning of an answer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::Model;
use crate::engine::view::{CauseView, EnrollmentView};
use crate::engine::{Snapshot, Tally, View};
use crate::model::{
    BlockedBy, DueSend, HoldChange, HoldId, HoldKind, Instant, Outcome, Refusal, Revoked, Scope,
    Selection, Status, Token, Verdict,
};

/// A live hold, by what it means: kind, scope, target, rule, end.
pub type HoldMeaning = (HoldKind, Scope, String, Option<String>, Option<Instant>);

/// Where one enrollment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the engine's view")]
pub struct Row {
    pub key: String,
    pub sender: String,
    pub status: Status,
    pub sent: usize,
    pub last_sent: Option<Instant>,
    /// Of those in progress only: what is held is planned when it is free again.
    pub next: Option<Instant>,
    /// The days on which it has slots.
    pub promised: Vec<NaiveDate>,
    pub holds: BTreeSet<HoldMeaning>,
}

/// Everything that a person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the engine's view")]
pub struct Picture {
    pub now: Instant,
    pub rows: Vec<Row>,
    pub tally: Tally,
    /// By cause: how many holds there are, and how many of them are live.
    pub causes: BTreeSet<(Option<String>, u64, u64)>,
}

impl Picture {
    /// What a model shows.
    #[must_use]
    pub fn of_model(model: &Model) -> Self {
        let rows = (0..model.enrollments.len()).map(|at| {
            let it = model.settled(at);
            let status = model.status(at);
            let meaning = |hold: &super::holds::Hold| {
                let (scope, target) = (hold.target.scope(), plain(&hold.target.name()));
                (hold.kind, scope, target, hold.rule.clone(), hold.until)
            };
            Row {
                key: format!("{} in {}", it.prospect, it.campaign),
                sender: it.sender.clone(),
                status,
                sent: it.position - it.skipped,
                last_sent: it.last_sent,
                next: it.planned.filter(|_| status == Status::Scheduled),
                promised: model.enrollments[at].days.clone(),
                holds: model.covering(at).map(|(_, hold)| meaning(hold)).collect(),
            }
        });
        let holds = || model.holds.iter().filter(|hold| model.remembers(hold));
        let rules: BTreeSet<_> = holds().map(|hold| hold.rule.clone()).collect();
        let causes = rules.into_iter().map(|rule| {
            let same = || holds().filter(|hold| hold.rule == rule);
            let live = same().filter(|hold| hold.live()).count() as u64;
            (rule.clone(), same().count() as u64, live)
        });
        Self { now: model.now, rows: rows.collect(), tally: model.tally, causes: causes.collect() }
    }

    /// What an engine shows.
    #[must_use]
    pub fn of_engine(snapshot: &Snapshot) -> Option<Self> {
        let view = snapshot.view("default")?;
        let list = view.list(&Selection::default(), None, usize::MAX).ok()?;
        Some(Self::of_rows(&view, list.rows))
    }

    /// As [`Picture::of_engine`], where all enrollments have been listed.
    pub(in crate::testing) fn of_rows(view: &View<'_>, rows: Vec<EnrollmentView>) -> Self {
        let rows = rows.into_iter().map(|row| Row {
            key: format!("{} in {}", row.prospect, row.campaign),
            sender: row.sender,
            status: row.status,
            sent: row.sent.into(),
            last_sent: row.last_sent,
            next: row.next.filter(|_| row.status == Status::Scheduled),
            promised: row.promised,
            holds: row
                .holds
                .into_iter()
                .map(|hold| {
                    let rule = match hold.cause {
                        CauseView::Person { .. } => None,
                        CauseView::Rule { error: Some(_), .. } => Some("rule-error".to_owned()),
                        CauseView::Rule { rule, .. } => Some(rule),
                        CauseView::Engine { why } => Some(why),
                    };
                    (hold.kind, hold.scope, plain(&hold.target), rule, hold.until)
                })
                .collect(),
        });
        let mut causes: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
        for cause in view.hold_causes() {
            let counts = causes.entry(cause.rule).or_default();
            counts.0 += cause.holds;
            counts.1 += cause.live;
        }
        Self {
            now: view.now(),
            rows: rows.collect(),
            tally: view.counts().tally,
            causes: causes.into_iter().map(|(rule, (holds, live))| (rule, holds, live)).collect(),
        }
    }

    /// The same without the count of duplicates.
    #[must_use]
    pub fn without_duplicates(mut self) -> Self {
        self.tally.duplicates = 0;
        self
    }
}

/// What an answer means, as a text: the order of lists that have none, wordings and tokens are
/// left out. With `numbers`, holds are named by their numbers too.
#[must_use]
pub fn shape(outcome: &Outcome, numbers: bool) -> String {
    let names = Names { numbers };
    match outcome {
        Outcome::Recorded { holds, lifted, ignored, errors } => {
            let placed = sorted(holds.iter().map(|hold| names.change(hold)));
            let (lifted, errors) = (names.all(lifted), errors.len());
            format!("recorded {placed:?} lifted {lifted:?} ignored {ignored} errors {errors}")
        }
        Outcome::Enrolled { sender, next, held_by } => {
            format!("enrolled {sender} {next:?} {:?}", names.blocked(held_by))
        }
        Outcome::Held { hold, members, live } => {
            format!("held {} {members:?} {live}", names.one(*hold))
        }
        Outcome::Resumed { selected, lifted, still_held, held_by } => {
            let held_by = names.blocked(held_by);
            format!("resumed {selected:?} lifted {lifted} still {still_held} {held_by:?}")
        }
        Outcome::Rescheduled { selected, moved, lifted, still_held, held_by } => {
            let held_by = names.blocked(held_by);
            format!("rescheduled {selected} {moved} lifted {lifted} still {still_held} {held_by:?}")
        }
        Outcome::Resent { selected, resent, still_held, held_by } => {
            let held_by = names.blocked(held_by);
            format!("resent {selected} {resent} still {still_held} {held_by:?}")
        }
        Outcome::Retracted { seen, lifted, kept } => {
            let (lifted, kept) = (names.all(lifted), names.all(kept));
            format!("retracted {seen} {lifted:?} {kept:?}")
        }
        Outcome::Claimed { sends, .. } => {
            let sends: Vec<_> = sends.iter().map(without_token).collect();
            format!("claimed {sends:#?}")
        }
        Outcome::Confirmed(Verdict::Revoked(Revoked::Held(holds))) => {
            format!("held back by {:?}", names.blocked(holds))
        }
        Outcome::Refused(refusal) => names.refusal(refusal),
        Outcome::Confirmed(_)
        | Outcome::Applied
        | Outcome::Duplicate
        | Outcome::Forgotten { .. } => format!("{outcome:?}"),
    }
}

/// How holds are called.
struct Names {
    numbers: bool,
}

impl Names {
    fn one(&self, hold: HoldId) -> String {
        if self.numbers { hold.to_string() } else { String::new() }
    }

    fn all(&self, holds: &[HoldId]) -> Vec<String> {
        sorted(holds.iter().map(|hold| self.one(*hold)))
    }

    fn change(&self, hold: &HoldChange) -> String {
        let HoldChange { rule, kind, scope, target, until, live, .. } = hold;
        let number = self.one(hold.hold);
        format!("{number} {rule} {kind} {scope} {target} {until:?} {live}")
    }

    fn blocked(&self, holds: &[BlockedBy]) -> Vec<String> {
        sorted(holds.iter().map(|hold| {
            let (number, target) = (self.one(hold.hold), plain(&hold.target));
            let BlockedBy { kind, scope, rule, until, .. } = hold;
            format!("{number} {kind} {scope} {target} {rule:?} {until:?}")
        }))
    }

    fn refusal(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::Stopped { prospect, held_by } => {
                format!("{prospect} is stopped by {:?}", self.blocked(held_by))
            }
            Refusal::InAnotherCampaign { campaign, prospect, other } => {
                format!("{prospect} is in {other}, and {campaign} takes nobody twice")
            }
            Refusal::Unknown { what, key } if what != "send" => format!("unknown {what} {key}"),
            other => {
                let debug = format!("{other:?}");
                let end = debug.find([' ', '(', '{']).unwrap_or(debug.len());
                format!("refused {}", debug.get(..end).unwrap_or_default())
            }
        }
    }
}

fn without_token(send: &DueSend) -> DueSend {
    let token = Token { incarnation: 0, sequence: 0, index: 0 };
    DueSend { token, ..send.clone() }
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

/// How many a selection has is said of the beginning in one place and of now in another.
fn plain(target: &str) -> String {
    let selected = target.ends_with(" selected");
    if selected { "a selection" } else { target }.to_owned()
}
