//! A few small worlds that can be reckoned by hand.

use super::Model;
use crate::model::{
    Action, AddedSteps, Campaign, Command, Delay, EnrolledElsewhere, HoldKind, HoldTarget, Hours,
    Instant, Outcome, Placement, Prospect, Refusal, Report, Sender, Settings, Step, StepTiming,
    Token, Verdict, Weekdays,
};

/// A Monday.
const BEGIN: &str = "2026-03-02T08:00:00Z";

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A step between nine and five, so many days after the one before.
fn step(days: u32) -> Step {
    let hours = Hours::new(540, 1020).unwrap();
    let (delay, weekdays) = (Delay::Days(days), Weekdays::WORKING);
    Step { name: "m".to_owned(), timing: StepTiming { delay, weekdays, hours, jitter_ms: 0 } }
}

struct World(Model);

impl World {
    /// One sender with so many slots a day, and one campaign.
    fn new(limit: u32, steps: Vec<Step>, placement: Placement) -> Self {
        let mut world = Self(Model::default());
        let sender =
            Sender { key: "s".to_owned(), limit_per_day: Some(limit), ..Sender::default() };
        world.tell(BEGIN, Action::PutSender(sender));
        world.put_campaign(Campaign {
            key: "c".to_owned(),
            steps,
            senders: vec!["s".to_owned()],
            placement: Some(placement),
            ..Campaign::default()
        });
        world
    }

    fn tell(&mut self, when: &str, action: Action) -> Outcome {
        let before = self.0.clone();
        let outcome = self.0.apply(&Command::new(at(when), action).by("pat"));
        assert_eq!(self.0.breaks(&before), Vec::<String>::new());
        outcome
    }

    fn put_campaign(&mut self, campaign: Campaign) -> Outcome {
        self.tell(BEGIN, Action::PutCampaign(campaign))
    }

    fn change_campaign(&mut self, change: Campaign) {
        let key = "c".to_owned();
        assert_eq!(self.put_campaign(Campaign { key, ..change }), Outcome::Applied);
    }

    fn enroll(&mut self, campaign: &str, prospect: &str) -> Outcome {
        let key = prospect.to_owned();
        self.tell(BEGIN, Action::PutProspect(Prospect { key, ..Prospect::default() }));
        let (campaign, prospect) = (campaign.to_owned(), prospect.to_owned());
        self.tell(BEGIN, Action::Enroll { campaign, prospect })
    }

    fn enroll_all(&mut self, prospects: &[&str]) {
        for prospect in prospects {
            assert!(matches!(self.enroll("c", prospect), Outcome::Enrolled { .. }));
        }
    }

    fn claim(&mut self, when: &str) -> Vec<Token> {
        match self.tell(when, Action::Claim { limit: 10, lease_ms: 3_600_000 }) {
            Outcome::Claimed { sends, .. } => sends.iter().map(|send| send.token).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn send(&mut self, when: &str, token: Token) {
        let outcome = self.tell(when, Action::Confirm { token });
        assert_eq!(outcome, Outcome::Confirmed(Verdict::Go));
        let report = Report::Sent { at: at(when) };
        assert_eq!(self.tell(when, Action::Report { token, report }), Outcome::Applied);
    }

    /// The days of March on which each has slots.
    fn days(&self) -> Vec<String> {
        let of = |it: &super::Enrollment| {
            let days: Vec<String> =
                it.days.iter().map(|day| day.format("%-d").to_string()).collect();
            days.join(" ")
        };
        self.0.enrollments.iter().map(of).collect()
    }
}

#[test]
fn two_slots_a_day_and_one_of_them_for_what_has_begun() {
    let mut world = World::new(2, vec![step(0), step(1)], Placement::Whole);
    world.enroll_all(&["a", "b", "c"]);
    // An opening takes one slot of a day, so the next timeline begins when both its days are free.
    assert_eq!(world.days(), ["2 3", "4 5", "6 9"]);
    let token = world.claim("2026-03-02T09:00:00Z")[0];
    world.send("2026-03-02T09:30:00Z", token);
    assert_eq!(world.days(), ["3", "4 5", "6 9"]);
}

#[test]
fn a_rolling_timeline_has_one_slot() {
    let mut world = World::new(2, vec![step(0), step(1)], Placement::Rolling);
    world.enroll_all(&["a", "b"]);
    assert_eq!(world.days(), ["2", "3"]);
    let token = world.claim("2026-03-02T09:00:00Z")[0];
    world.send("2026-03-02T09:30:00Z", token);
    assert_eq!(world.days(), ["3", "3"]);
}

#[test]
fn what_is_held_when_its_day_opens_gives_its_slots_back() {
    let mut world = World::new(2, vec![step(0), step(1)], Placement::Whole);
    world.enroll_all(&["a"]);
    let target = HoldTarget::Prospect("a".to_owned());
    let (kind, until, reason) = (HoldKind::Pause, None, None);
    world.tell(BEGIN, Action::Hold { kind, target: target.clone(), until, reason });
    assert_eq!(world.days(), ["2 3"]);
    assert_eq!(world.claim("2026-03-02T09:00:00Z"), []);
    assert_eq!(world.days(), [""]);
    world.enroll_all(&["b"]);
    assert_eq!(world.days(), ["", "2 3"]);
    // Free again, it has what is left to a conversation, once a claim meets it.
    let (prospects, reschedule, reason) = (false, None, None);
    let resume = Action::Resume { target, prospects, reschedule, reason };
    world.tell("2026-03-02T11:00:00Z", resume);
    assert_eq!(world.days(), ["", "2 3"]);
    assert_eq!(world.claim("2026-03-02T11:00:00Z").len(), 2);
    assert_eq!(world.days(), ["2 3", "2 3"]);
}

#[test]
fn a_closed_day_and_a_limit_of_nothing_move_everybody_in_order() {
    let mut world = World::new(2, vec![step(0), step(1)], Placement::Whole);
    world.enroll_all(&["a", "b"]);
    let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 3).unwrap();
    let closed = Some(vec![crate::model::DateRange { first: day, last: day }]);
    world.tell(BEGIN, Action::Configure(Settings { closed, ..Settings::default() }));
    assert_eq!(world.days(), ["2 4", "5 6"]);
    let sender =
        |limit| Sender { key: "s".to_owned(), limit_per_day: Some(limit), ..Sender::default() };
    world.tell(BEGIN, Action::PutSender(sender(0)));
    assert_eq!(world.days(), ["", ""]);
    world.tell(BEGIN, Action::PutSender(sender(6)));
    assert_eq!(world.days(), ["2 4", "2 4"]);
}

#[test]
fn steps_that_are_gone_or_added_are_on_everybodys_schedule_as_the_campaign_says() {
    let mut world = World::new(6, vec![step(0), step(1), step(1)], Placement::Whole);
    world.enroll_all(&["a"]);
    assert_eq!(world.days(), ["2 3 4"]);
    world.change_campaign(Campaign { steps: vec![step(0), step(2)], ..Campaign::default() });
    assert_eq!(world.days(), ["2 4"]);
    let added_steps = Some(AddedSteps::Append);
    world.change_campaign(Campaign { added_steps, ..Campaign::default() });
    world.tell(BEGIN, Action::AddStep { campaign: "c".to_owned(), step: step(1) });
    assert_eq!(world.days(), ["2 4 5"]);
}

#[test]
fn what_is_too_late_has_no_place() {
    let mut world = World::new(1, vec![step(0)], Placement::Whole);
    world.enroll_all(&["a", "b", "c"]);
    assert_eq!(world.days(), ["2", "3", "4"]);
    let max_lateness_ms = Some(36 * 3_600_000);
    world.change_campaign(Campaign { max_lateness_ms, ..Campaign::default() });
    assert_eq!(world.days(), ["2", "3", ""]);
}

#[test]
fn who_is_in_another_campaign_is_refused_or_leaves_it() {
    let mut world = World::new(2, vec![step(0), step(1)], Placement::Whole);
    world.enroll_all(&["a"]);
    for (key, elsewhere) in [("d", EnrolledElsewhere::Reject), ("e", EnrolledElsewhere::Replace)] {
        world.put_campaign(Campaign {
            key: key.to_owned(),
            steps: vec![step(0), step(1)],
            senders: vec!["s".to_owned()],
            enrolled_elsewhere: Some(elsewhere),
            ..Campaign::default()
        });
    }
    let Outcome::Refused(Refusal::InAnotherCampaign { other, .. }) = world.enroll("d", "a") else {
        panic!("expected a refusal");
    };
    assert_eq!(other, "c");
    assert!(matches!(world.enroll("e", "a"), Outcome::Enrolled { .. }));
    assert_eq!(world.days(), ["", "2 3"]);
}

#[test]
fn who_loses_its_sender_gets_the_one_that_is_free_first() {
    let mut world = World::new(2, vec![step(0)], Placement::Whole);
    world.enroll_all(&["a", "b"]);
    for (key, limit) in [("t", 1), ("u", 3)] {
        let key = key.to_owned();
        let sender = Sender { key, limit_per_day: Some(limit), ..Sender::default() };
        world.tell(BEGIN, Action::PutSender(sender));
    }
    let senders = vec!["t".to_owned(), "u".to_owned()];
    world.change_campaign(Campaign { senders, ..Campaign::default() });
    let senders: Vec<&str> = world.0.enrollments.iter().map(|it| &*it.sender).collect();
    assert_eq!(senders, ["t", "u"]);
    assert_eq!(world.days(), ["2", "2"]);
}
