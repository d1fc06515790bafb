//! What people, mail systems and colleagues do after a message.

use chrono::Duration;
use chrono_tz::Tz;
use holdline::model::{Action, Event, HoldTarget};

use super::clock::{DAY, HOUR, MINUTE, SECOND, awake, date, in_office, instant, is_weekend, march};
use super::story::{Story, Turn};

const ANN: &str = "ann@ours.example";
const TOM: &str = "tom@ours.example";
/// Where our own people work.
const OFFICE: Tz = Tz::America__New_York;
const PAGES: [&str; 5] = [
    "https://ours.example/pricing",
    "https://ours.example/customers",
    "https://ours.example/product",
    "https://ours.example/webinar",
    "https://ours.example/unsubscribe-settings",
];

/// What a person finds out about a prospect without being answered.
const MARKS: [(u64, &str); 5] = [
    (3, "unqualified"),
    (2, "qualified"),
    (2, "maybe-later"),
    (2, "not-interested"),
    (1, "interested"),
];

/// The company whose mail system was replaced: most of its old addresses bounce.
const MOVED: usize = 5;
/// The company whose mail server was full for a day and a half.
const FULL: usize = 7;

/// What a message is followed by.
#[derive(Clone, Copy, Default)]
enum Answer {
    #[default]
    Nothing,
    HardBounce,
    SoftBounce,
    PolicyBounce,
    Human,
    OutOfOffice,
    Auto,
    Unclear,
    OptOut,
    Complaint,
    Inbound,
    Call,
    Mark,
}

/// Queues what follows a message that left at `at`.
pub(super) fn react(story: &mut Story, at: i64, index: usize) {
    let Some(enrollment) = story.enrollments.get(index) else {
        return;
    };
    let (person, first) = (enrollment.person, enrollment.sent == 1);
    let Some(zone) = story.people.get(person).map(|person| person.zone) else {
        return;
    };
    let answer = answer(story, at, person, first);
    let bounced = matches!(answer, Answer::HardBounce | Answer::SoftBounce | Answer::PolicyBounce);
    if bounced {
        bounce(story, at, index, person, answer);
        return;
    }
    opens_and_clicks(story, at, index, zone);
    let then = awake(at + story.random.between(20 * MINUTE, 30 * HOUR), zone);
    match answer {
        Answer::Human => human_reply(story, then, index, person),
        Answer::OutOfOffice => out_of_office(story, at, index, person, zone),
        Answer::Auto => {
            let soon = at + story.random.between(5 * SECOND, 5 * MINUTE);
            let event = story.about("reply", index).with("kind", "auto");
            story.event(soon, "mail", event);
        }
        Answer::Unclear => {
            let event = story.about("reply", index).with("kind", "unknown");
            story.event(then, "mail", event);
            story.turn(then, Turn::HoldPerson(person, i64::MAX));
        }
        Answer::OptOut | Answer::Complaint => {
            let kind = match answer {
                Answer::OptOut => "opt-out",
                _ => "complaint",
            };
            let event = story.about(kind, index);
            story.event(then, "mail", event);
            story.turn(then, Turn::StopPerson(person));
        }
        Answer::Inbound => {
            let (event, address) = about_person(story, "inbound", person);
            story.event(then, "mail", event.with("from", address));
            story.turn(then, Turn::HoldPerson(person, i64::MAX));
        }
        Answer::Call => call(story, at, person, zone),
        Answer::Mark => {
            let what = story.random.weighted(&MARKS);
            let firm = story.people.get(person).and_then(|person| person.firm);
            mark(story, then, person, firm, what);
        }
        _ => {}
    }
}

fn answer(story: &mut Story, at: i64, person: usize, first: bool) -> Answer {
    let firm = story.people.get(person).and_then(|person| person.firm);
    let between = |from: i64, to: i64| (from..to).contains(&at);
    if firm == Some(MOVED) && between(march(2, 0, 0), march(10, 0, 0)) {
        return story.random.weighted(&[(8, Answer::HardBounce), (2, Answer::Nothing)]);
    }
    if firm == Some(FULL) && between(march(4, 6, 0), march(6, 0, 0)) {
        return story.random.weighted(&[(7, Answer::SoftBounce), (3, Answer::Nothing)]);
    }
    let hard = if first { 150 } else { 20 };
    let answers = [
        (hard, Answer::HardBounce),
        (80, Answer::SoftBounce),
        (25, Answer::PolicyBounce),
        (190, Answer::Human),
        (400, Answer::OutOfOffice),
        (160, Answer::Auto),
        (50, Answer::Unclear),
        (70, Answer::OptOut),
        (30, Answer::Complaint),
        (25, Answer::Inbound),
        (220, Answer::Call),
        (120, Answer::Mark),
    ];
    let some: u64 = answers.iter().map(|(weight, _)| weight).sum();
    if story.random.chance(some) { story.random.weighted(&answers) } else { Answer::Nothing }
}

fn bounce(story: &mut Story, at: i64, index: usize, person: usize, answer: Answer) {
    let (class, code, turn) = match answer {
        Answer::HardBounce => ("hard", "5.1.1", Turn::StopPerson(person)),
        Answer::SoftBounce => ("soft", "4.2.2", Turn::HoldPerson(person, at + 3 * DAY)),
        _ => ("policy", "5.7.1", Turn::HoldPerson(person, i64::MAX)),
    };
    let then = at + story.random.between(2 * SECOND, 20 * MINUTE);
    let mut event = story.about("bounce", index).with("class", class);
    if story.random.chance(9000) {
        event = event.with("status-code", code);
    }
    story.event(then, "mail", event);
    story.turn(then, turn);
}

/// Most who open a message open it again; and scanners follow every link within seconds.
fn opens_and_clicks(story: &mut Story, at: i64, index: usize, zone: Tz) {
    if story.noise.chance(1300) {
        let mut then = at;
        for page in PAGES {
            then += story.noise.between(SECOND, 5 * SECOND);
            let event = story.about("click", index).with("url", page);
            story.event(then, "tracking", event);
        }
    }
    if story.noise.chance(1400) {
        return;
    }
    let mut opens = 1 + story.noise.below(11);
    if story.noise.chance(5500) {
        opens += story.noise.below(19);
    }
    if story.noise.chance(600) {
        opens += story.noise.below(40);
    }
    let clicks = story.noise.chance(4500);
    let mut then = awake(at + story.noise.between(3 * MINUTE, 9 * HOUR), zone);
    for _ in 0..opens {
        let event = story.about("open", index);
        story.event(then, "tracking", event);
        if clicks && story.noise.chance(4500) {
            let page = story.noise.pick(&PAGES);
            let soon = then + story.noise.between(4 * SECOND, 4 * MINUTE);
            let event = story.about("click", index).with("url", page);
            story.event(soon, "tracking", event);
        }
        let pause = match story.noise.below(4) {
            0 => story.noise.between(MINUTE, 20 * MINUTE),
            1 | 2 => story.noise.between(20 * MINUTE, 7 * HOUR),
            _ => story.noise.between(7 * HOUR, 2 * DAY),
        };
        then = awake(then + pause, zone);
        // Few read such mail on a weekend.
        if is_weekend(then, zone) && story.noise.chance(6000) {
            then += 2 * DAY;
        }
    }
}

/// A time of a working day, when a colleague gets to it.
fn when_at_work(story: &mut Story, at: i64, hours: (u32, u32), zone: Tz) -> i64 {
    in_office(at, hours, zone) + story.random.between(0, 50 * MINUTE)
}

fn about_person(story: &Story, kind: &str, person: usize) -> (Event, String) {
    let key = story.people.get(person).map(|person| person.key.clone());
    let key = key.unwrap_or_default();
    (Event::new(kind, "").prospect(&key), key)
}

fn human_reply(story: &mut Story, at: i64, index: usize, person: usize) {
    let intent = story.random.weighted(&[
        (25, "positive"),
        (25, "negative"),
        (20, "not-now"),
        (12, "referral"),
        (8, "unknown"),
        (10, ""),
    ]);
    let (_, address) = about_person(story, "reply", person);
    let mut event = story.about("reply", index).with("kind", "human");
    if !intent.is_empty() {
        event = event.with("intent", intent);
    }
    if story.random.chance(8500) {
        event = event.with("from", address);
    }
    story.event(at, "mail", event);
    story.turn(at, Turn::HoldPerson(person, i64::MAX));
    let firm = story.people.get(person).and_then(|person| person.firm);
    if intent == "referral" {
        referral(story, at, index, firm);
        return;
    }
    if let Some(firm) = firm {
        story.turn(at, Turn::HoldFirm(firm, i64::MAX));
        if story.random.chance(7500) && intent != "positive" {
            release_firm(story, at, firm);
        }
    }
    match intent {
        "positive" => after_interest(story, at, person, firm),
        "negative" if story.random.chance(6000) => {
            mark(story, at, person, firm, "not-interested");
        }
        "not-now" if story.random.chance(7000) => mark(story, at, person, None, "maybe-later"),
        _ => {}
    }
}

/// A colleague was named: that person is added and enrolled the next working morning.
fn referral(story: &mut Story, at: i64, index: usize, firm: Option<usize>) {
    let parts = (firm.and_then(|firm| story.firms.get(firm)), story.enrollments.get(index));
    let (Some(company), Some(enrollment)) = parts else {
        return;
    };
    let (domain, sequence) = (company.domain.clone(), enrollment.sequence);
    let zone = story.people.get(enrollment.person).map(|person| person.zone);
    let zone = zone.unwrap_or(Tz::UTC);
    let then = when_at_work(story, at + 3 * HOUR, (9, 12), OFFICE);
    let colleague = super::cast::person(firm, &domain, zone, &story.people, &mut story.random);
    story.command(then, Some(ANN), colleague.put());
    story.people.push(colleague);
    let enrollment = story.new_enrollment(story.people.len() - 1, sequence);
    story.turn(then + MINUTE, Turn::Enroll(enrollment));
}

/// A person looked at the answer and lets the colleagues go on.
fn release_firm(story: &mut Story, at: i64, firm: usize) {
    let Some(company) = story.firms.get(firm).map(|firm| firm.domain.clone()) else {
        return;
    };
    let soon = at + story.random.between(2 * HOUR, 30 * HOUR);
    let then = when_at_work(story, soon, (9, 17), OFFICE);
    let by = story.random.pick(&[ANN, TOM]);
    let action = Action::Resume {
        target: HoldTarget::Company(company),
        prospects: false,
        reschedule: None,
        reason: Some("The answer was for one person only".to_owned()),
    };
    story.command(then, Some(by), action);
    story.turn(then, Turn::FreeFirm(firm));
}

fn after_interest(story: &mut Story, at: i64, person: usize, firm: Option<usize>) {
    if story.random.chance(5000) {
        mark(story, at, person, None, "interested");
    }
    if story.random.chance(5500) {
        let then = at + story.random.between(HOUR, 26 * HOUR);
        let starts = in_office(then + 3 * DAY, (10, 16), OFFICE);
        let (event, _) = about_person(story, "meeting.booked", person);
        let event = event.with("starts", instant(starts - starts % HOUR));
        story.event(then, "calendar", event);
        if story.random.chance(5000) {
            mark(story, then + DAY, person, firm, "qualified");
        }
    }
}

/// A person marks the prospect; where a company is given, sometimes all of it.
fn mark(story: &mut Story, at: i64, person: usize, firm: Option<usize>, what: &str) {
    let whole = firm.is_some() && story.random.chance(4000);
    let soon = at + story.random.between(30 * MINUTE, 8 * HOUR);
    let then = when_at_work(story, soon, (8, 18), OFFICE);
    let by = story.random.pick(&[ANN, TOM]);
    let (event, _) = about_person(story, "mark", person);
    let scope = if whole { "company" } else { "prospect" };
    let event = event.with("as", what).with("scope", scope);
    story.event_by(then, "crm", Some(by), event);
    match firm {
        Some(firm) if whole => story.turn(then, Turn::HoldFirm(firm, i64::MAX)),
        _ => story.turn(then, Turn::HoldPerson(person, i64::MAX)),
    }
}

fn out_of_office(story: &mut Story, at: i64, index: usize, person: usize, zone: Tz) {
    let then = at + story.random.between(5 * SECOND, 3 * MINUTE);
    let mut event = story.about("reply", index).with("kind", "out-of-office");
    let mut until = i64::MAX;
    if story.random.chance(6800) {
        let days = story.random.between(1, 16);
        let back = date(at, zone) + Duration::days(days);
        event = event.with("return-date", back);
        until = at + (days + 1) * DAY;
    }
    story.event(then, "mail", event);
    story.turn(then, Turn::HoldPerson(person, until));
}

fn call(story: &mut Story, at: i64, person: usize, zone: Tz) {
    let soon = at + story.random.between(3 * HOUR, 40 * HOUR);
    let then = when_at_work(story, soon, (9, 17), zone);
    let outcome = story.random.weighted(&[
        (40, "no-answer"),
        (25, "voicemail"),
        (16, "connected"),
        (7, "not-interested"),
        (4, "wrong-number"),
        (6, "meeting"),
    ]);
    let (event, _) = about_person(story, "call", person);
    story.event_by(then, "phone", Some(TOM), event.with("outcome", outcome));
    match outcome {
        "connected" | "meeting" => {
            story.turn(then, Turn::HoldPerson(person, i64::MAX));
            if story.random.chance(4000) {
                let what = story.random.pick(&["qualified", "unqualified"]);
                let firm = story.people.get(person).and_then(|person| person.firm);
                mark(story, then, person, firm, what);
            }
        }
        "not-interested" | "wrong-number" => story.turn(then, Turn::StopPerson(person)),
        _ => {}
    }
}
