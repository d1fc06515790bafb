//! What happens in the two weeks: a rough model of when messages leave, and people who react.
//!
//! It does not run the engine. It only knows enough of windows, limits and holds for what people
//! do to come after what they were sent.

use std::collections::BTreeMap;

use holdline::json::write_command;
use holdline::model::{Action, Command, Delay, Event, Settings};

use super::cast::{self, Firm, Mailbox, Person, Sequence};
use super::clock::{DAY, MINUTE, date, in_office, instant, march, tomorrow};
use super::random::Random;

/// No longer than this after it happened is something told, unless it is late.
const LAG: i64 = MINUTE;

/// A prospect in a campaign.
pub(super) struct Enrollment {
    pub(super) person: usize,
    pub(super) sequence: usize,
    pub(super) mailbox: usize,
    /// How many steps went out.
    pub(super) sent: usize,
    pub(super) enrolled: bool,
    /// When the last one went out.
    pub(super) last_sent: i64,
    pub(super) held_until: i64,
    /// Nothing is queued for it until something is lifted.
    pub(super) waits: bool,
}

/// What the story does with its model when its time has come.
#[derive(Clone)]
pub(super) enum Turn {
    Enroll(usize),
    Send(usize),
    Tell(Box<Command>),
    HoldPerson(usize, i64),
    StopPerson(usize),
    HoldFirm(usize, i64),
    FreeFirm(usize),
    HoldEnrollment(usize, i64),
    Connect(usize, bool),
    Scene(super::scenes::Scene),
}

/// The whole story, as far as it is told.
pub(super) struct Story {
    pub(super) random: Random,
    /// For opens, clicks and how late things are told: apart, so that more or fewer of them do not
    /// make another story.
    pub(super) noise: Random,
    pub(super) firms: Vec<Firm>,
    pub(super) people: Vec<Person>,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) enrollments: Vec<Enrollment>,
    /// Turns to come, by their time and then by their number.
    turns: BTreeMap<(i64, u64), Turn>,
    numbers: u64,
    events: u64,
    lines: Vec<String>,
}

/// Tells it, from before the first message to the end of the second Sunday.
pub(super) fn tell(seed: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    let (firms, put_firms) = cast::firms();
    let people = cast::people(&firms, &mut random);
    let mut story = Story {
        noise: Random::new(seed ^ 0x006f_7065_6e73),
        random,
        firms,
        people,
        mailboxes: cast::mailboxes(),
        sequences: cast::sequences(),
        enrollments: Vec::new(),
        turns: BTreeMap::new(),
        numbers: 0,
        events: 0,
        lines: Vec::new(),
    };
    story.set_up(put_firms);
    story.plan_enrollments();
    super::scenes::plan(&mut story);
    let end = march(16, 0, 0);
    while let Some(((at, _), turn)) = story.turns.pop_first() {
        if at >= end {
            break;
        }
        story.take(at, turn);
    }
    story.write(&Command::new(instant(end), Action::Advance));
    story.lines
}

impl Story {
    fn set_up(&mut self, put_firms: Vec<Action>) {
        let at = instant(march(2, 5, 0));
        let zone = Some("America/New_York".to_owned());
        let mut actions =
            vec![Action::Advance, Action::Configure(Settings { zone, ..Settings::default() })];
        actions.extend(self.mailboxes.iter().map(cast::put_mailbox));
        actions.extend(put_firms);
        let sequences = self.sequences.iter();
        actions.extend(sequences.map(|one| cast::put_sequence(one, &self.mailboxes)));
        actions.extend(self.people.iter().map(Person::put));
        for action in actions {
            self.write(&Command::new(at, action));
        }
    }

    /// Everybody is in one campaign, one in twelve in two.
    fn plan_enrollments(&mut self) {
        for person in 0..self.people.len() {
            let first = self.some_sequence();
            self.plan_enrollment(person, first);
            let second = self.some_sequence();
            if second != first && self.random.chance(1200) {
                self.plan_enrollment(person, second);
            }
        }
    }

    fn some_sequence(&mut self) -> usize {
        let shares = self.sequences.iter().enumerate();
        let shares: Vec<_> = shares.map(|(index, one)| (one.share, index)).collect();
        self.random.weighted(&shares)
    }

    fn plan_enrollment(&mut self, person: usize, sequence: usize) {
        let days = self.sequences.get(sequence).map_or(&[][..], |one| one.days);
        let day = self.random.pick(days);
        // People are enrolled in the mornings of two continents.
        let at = march(day, 7, 0) + self.random.between(0, 9 * 60) * MINUTE;
        let enrollment = self.new_enrollment(person, sequence);
        self.turn(at, Turn::Enroll(enrollment));
    }

    pub(super) fn new_enrollment(&mut self, person: usize, sequence: usize) -> usize {
        let mailboxes = self.sequences.get(sequence).map_or(&[][..], |one| one.mailboxes);
        let mailbox = self.random.pick(mailboxes);
        self.enrollments.push(Enrollment {
            person,
            sequence,
            mailbox,
            sent: 0,
            enrolled: false,
            last_sent: 0,
            held_until: 0,
            waits: false,
        });
        self.enrollments.len() - 1
    }

    /// Queues a turn.
    pub(super) fn turn(&mut self, at: i64, turn: Turn) {
        self.numbers += 1;
        self.turns.insert((at, self.numbers), turn);
    }

    /// Queues a command.
    pub(super) fn command(&mut self, at: i64, by: Option<&str>, action: Action) {
        let command = Command::new(instant(at), action);
        let command = match by {
            Some(person) => command.by(person),
            None => command,
        };
        self.turn(at, Turn::Tell(Box::new(command)));
    }

    /// Queues an event that happens then and is told a little later; rarely, hours later, and
    /// rarely twice. Gives the event's id.
    pub(super) fn event(&mut self, at: i64, source: &str, event: Event) -> String {
        self.event_by(at, source, None, event)
    }

    pub(super) fn event_by(
        &mut self,
        at: i64,
        source: &str,
        by: Option<&str>,
        mut event: Event,
    ) -> String {
        self.events += 1;
        let initial = source.get(..1).unwrap_or(source);
        event.id = format!("{initial}{}", self.events);
        let id = event.id.clone();
        let event = event.source(source).at(instant(at));
        let lag = if self.noise.chance(45) {
            self.noise.between(120 * MINUTE, 20 * 60 * MINUTE)
        } else {
            self.noise.between(0, LAG)
        };
        let told = at + lag;
        if self.noise.chance(22) {
            let again = told + self.noise.between(MINUTE, 360 * MINUTE);
            self.command(again, by, Action::Record(event.clone()));
        }
        self.command(told, by, Action::Record(event));
        id
    }

    fn write(&mut self, command: &Command) {
        self.lines.push(write_command(command));
    }

    fn take(&mut self, at: i64, turn: Turn) {
        match turn {
            Turn::Enroll(index) => self.enroll(at, index),
            Turn::Send(index) => self.send(at, index),
            Turn::Tell(command) => self.write(&command),
            Turn::HoldPerson(index, until) => {
                if let Some(person) = self.people.get_mut(index) {
                    person.held_until = person.held_until.max(until);
                }
            }
            Turn::StopPerson(index) => {
                if let Some(person) = self.people.get_mut(index) {
                    person.stop();
                }
            }
            Turn::HoldFirm(index, until) => {
                if let Some(firm) = self.firms.get_mut(index) {
                    firm.held_until = firm.held_until.max(until);
                }
            }
            Turn::FreeFirm(index) => {
                if let Some(firm) = self.firms.get_mut(index) {
                    firm.held_until = 0;
                }
                self.wake(at);
            }
            Turn::HoldEnrollment(index, until) => {
                if let Some(enrollment) = self.enrollments.get_mut(index) {
                    enrollment.held_until = until;
                }
                self.wake(at);
            }
            Turn::Connect(index, connected) => {
                if let Some(mailbox) = self.mailboxes.get_mut(index) {
                    mailbox.connected = connected;
                }
                self.wake(at);
            }
            Turn::Scene(scene) => super::scenes::play(self, at, scene),
        }
    }

    /// Looks again at everything that waits.
    pub(super) fn wake(&mut self, at: i64) {
        for index in 0..self.enrollments.len() {
            let woken = self
                .enrollments
                .get_mut(index)
                .is_some_and(|enrollment| std::mem::take(&mut enrollment.waits));
            if woken {
                self.turn(at, Turn::Send(index));
            }
        }
    }

    fn enroll(&mut self, at: i64, index: usize) {
        let Some(enrollment) = self.enrollments.get_mut(index) else {
            return;
        };
        let names = (self.sequences.get(enrollment.sequence), self.people.get(enrollment.person));
        let (Some(sequence), Some(person)) = names else {
            return;
        };
        // Nobody enrolls those who have answered or opted out meanwhile.
        if person.held_until == i64::MAX {
            return;
        }
        enrollment.enrolled = true;
        let action =
            Action::Enroll { campaign: sequence.key.to_owned(), prospect: person.key.clone() };
        self.write(&Command::new(instant(at), action));
        self.plan_next(at, index);
    }

    /// Queues the next step, at its delay after `from`.
    fn plan_next(&mut self, from: i64, index: usize) {
        let Some(enrollment) = self.enrollments.get(index) else {
            return;
        };
        let step = self
            .sequences
            .get(enrollment.sequence)
            .and_then(|sequence| sequence.steps.get(enrollment.sent));
        let Some((delay, _)) = step else {
            return;
        };
        let due = after(from, *delay) + self.random.between(0, 20 * MINUTE);
        self.turn(due, Turn::Send(index));
    }

    /// Sends the next step of an enrollment, or queues it for when that may be possible.
    fn send(&mut self, at: i64, index: usize) {
        let Some(enrollment) = self.enrollments.get_mut(index) else {
            return;
        };
        let parts = (
            self.sequences.get(enrollment.sequence),
            self.people.get(enrollment.person),
            self.mailboxes.get_mut(enrollment.mailbox),
        );
        let (Some(sequence), Some(person), Some(mailbox)) = parts else {
            return;
        };
        if sequence.archived || sequence.steps.len() <= enrollment.sent {
            return;
        }
        let firm = person.firm.and_then(|firm| self.firms.get(firm));
        let held = enrollment
            .held_until
            .max(person.held_until)
            .max(firm.map_or(0, |firm| firm.held_until));
        if held == i64::MAX || !mailbox.connected {
            enrollment.waits = true;
            return;
        }
        let slot = in_office(at.max(held), sequence.hours, person.zone);
        let slot = slot.max(mailbox.free_at);
        if slot > at {
            self.turn(slot, Turn::Send(index));
            return;
        }
        let today = date(at, mailbox.zone);
        if mailbox.day != Some(today) {
            mailbox.day = Some(today);
            mailbox.sent = 0;
        }
        if mailbox.sent >= mailbox.limit {
            let next = tomorrow(at, mailbox.zone);
            self.turn(next, Turn::Send(index));
            return;
        }
        mailbox.sent += 1;
        mailbox.free_at = at + mailbox.gap;
        enrollment.sent += 1;
        enrollment.last_sent = at;
        super::reactions::react(self, at, index);
        self.plan_next(at, index);
    }
}

/// When a step with this delay is due, roughly: the calendar's days are taken for 24 hours.
fn after(from: i64, delay: Delay) -> i64 {
    match delay {
        Delay::ElapsedMs(ms) => from + i64::try_from(ms).unwrap_or_default(),
        Delay::Days(days) => from + i64::from(days) * DAY,
        Delay::BusinessDays(days) => {
            let mut at = from;
            for _ in 0..days {
                at = in_office(at + DAY, (0, 24), chrono_tz::UTC);
            }
            at
        }
        _ => from,
    }
}

impl Story {
    /// The keys of an enrollment: its prospect's and its campaign's.
    pub(super) fn keys(&self, index: usize) -> Option<(&str, &'static str)> {
        let enrollment = self.enrollments.get(index)?;
        let person = self.people.get(enrollment.person)?;
        let sequence = self.sequences.get(enrollment.sequence)?;
        Some((&person.key, sequence.key))
    }

    /// An event about an enrollment.
    pub(super) fn about(&self, kind: &str, index: usize) -> Event {
        let event = Event::new(kind, "");
        match self.keys(index) {
            Some((prospect, campaign)) => event.prospect(prospect).campaign(campaign),
            None => event,
        }
    }
}
