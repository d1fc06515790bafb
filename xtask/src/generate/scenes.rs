//! What is set to happen at a certain time: pauses and reschedules by a person, an archive, a step
//! that is added, a mailbox that fails, a reply that was misread.

use chrono_tz::Tz;
use holdline::model::{Action, Delay, Event, HoldKind, HoldTarget, Selection, Status};

use super::cast::{SPRING, WEBINAR, WINBACK, person, step};
use super::clock::{DAY, HOUR, MINUTE, instant, march};
use super::story::{Story, Turn};

const ANN: &str = "ann@ours.example";
const TOM: &str = "tom@ours.example";

/// A scene.
#[derive(Clone, Copy)]
pub(super) enum Scene {
    PauseStep,
    ResumeStep,
    PauseOne,
    AddStep,
    ActivateStep,
    Archive,
    Disconnect,
    Misread,
    Newcomers,
    DataMissing,
    Customer,
}

/// Queues all of them.
pub(super) fn plan(story: &mut Story) {
    let scenes = [
        (march(3, 10, 20), Scene::DataMissing),
        (march(4, 9, 45), Scene::PauseOne),
        (march(4, 13, 10), Scene::Disconnect),
        (march(5, 9, 15), Scene::DataMissing),
        (march(5, 15, 0), Scene::PauseStep),
        (march(6, 11, 30), Scene::Misread),
        (march(9, 13, 30), Scene::ResumeStep),
        (march(10, 14, 0), Scene::AddStep),
        (march(10, 15, 5), Scene::Newcomers),
        (march(11, 16, 0), Scene::Archive),
        (march(12, 10, 40), Scene::Customer),
        (march(12, 15, 30), Scene::ActivateStep),
    ];
    for (at, scene) in scenes {
        story.turn(at, Turn::Scene(scene));
    }
}

pub(super) fn play(story: &mut Story, at: i64, scene: Scene) {
    match scene {
        Scene::PauseStep => pause_step(story, at),
        Scene::ResumeStep => resume_step(story, at),
        Scene::PauseOne => pause_one(story, at),
        Scene::AddStep => add_step(story, at),
        Scene::ActivateStep => activate_step(story, at),
        Scene::Archive => archive(story, at),
        Scene::Disconnect => disconnect(story, at),
        Scene::Misread => misread(story, at),
        Scene::Newcomers => newcomers(story, at),
        Scene::DataMissing => data_missing(story, at),
        Scene::Customer => customer(story, at),
    }
}

fn campaign(story: &Story, sequence: usize) -> String {
    let sequence = story.sequences.get(sequence);
    sequence.map_or("", |sequence| sequence.key).to_owned()
}

/// The enrollments of a campaign that are under way.
fn active(story: &Story, sequence: usize) -> Vec<usize> {
    let indexed = story.enrollments.iter().enumerate();
    indexed
        .filter(|(_, one)| one.sequence == sequence && one.enrolled && one.sent > 0)
        .filter(|(_, one)| {
            let person = story.people.get(one.person);
            person.is_some_and(|person| person.held_until == 0)
        })
        .map(|(index, _)| index)
        .collect()
}

/// The second message has a wrong price in it.
fn pause_step(story: &mut Story, at: i64) {
    for index in active(story, SPRING) {
        if let Some(enrollment) = story.enrollments.get_mut(index)
            && enrollment.sent == 1
        {
            enrollment.held_until = i64::MAX;
        }
    }
    let selection = Selection {
        campaign: Some(campaign(story, SPRING)),
        status: Some(Status::Scheduled),
        step: Some(2),
        ..Selection::default()
    };
    let action = Action::Hold {
        kind: HoldKind::Pause,
        target: HoldTarget::Selection(selection),
        until: None,
        reason: Some("The second message names an old price".to_owned()),
    };
    story.command(at, Some(ANN), action);
}

/// It is corrected; who was paused goes on from Tuesday.
fn resume_step(story: &mut Story, at: i64) {
    let from = march(10, 8, 0);
    for enrollment in &mut story.enrollments {
        if enrollment.sequence == SPRING && enrollment.held_until == i64::MAX {
            enrollment.held_until = from;
        }
    }
    story.wake(at);
    let selection = Selection {
        campaign: Some(campaign(story, SPRING)),
        status: Some(Status::Paused),
        ..Selection::default()
    };
    let resume = Action::Resume {
        target: HoldTarget::Selection(selection.clone()),
        prospects: false,
        reschedule: None,
        reason: Some("The price is corrected".to_owned()),
    };
    story.command(at, Some(ANN), resume);
    let reschedule = Action::Reschedule {
        selection: Selection { status: Some(Status::Scheduled), step: Some(2), ..selection },
        from: instant(from),
        resume: false,
        reason: Some("Not before everybody has read the new page".to_owned()),
    };
    story.command(at + 2 * MINUTE, Some(ANN), reschedule);
}

/// One prospect asks, by another way, to be left alone until Friday.
fn pause_one(story: &mut Story, at: i64) {
    let active = active(story, SPRING);
    let index = story.random.pick(&active);
    let Some((prospect, campaign)) = story.keys(index) else {
        return;
    };
    let target =
        HoldTarget::Enrollment { campaign: campaign.to_owned(), prospect: prospect.to_owned() };
    let pause = Action::Hold {
        kind: HoldKind::Pause,
        target: target.clone(),
        until: None,
        reason: Some("On a trip until Friday, as we heard at the fair".to_owned()),
    };
    story.command(at, Some(TOM), pause);
    story.turn(at, Turn::HoldEnrollment(index, i64::MAX));
    let then = at + 2 * DAY;
    let resume = Action::Resume {
        target,
        prospects: false,
        reschedule: None,
        reason: Some("Back from the trip".to_owned()),
    };
    story.command(then, Some(TOM), resume);
    story.turn(then, Turn::HoldEnrollment(index, 0));
}

const ADDED: (Delay, &str) = (Delay::Days(2), "next-webinar");

fn add_step(story: &mut Story, at: i64) {
    let Some(sequence) = story.sequences.get(WEBINAR) else {
        return;
    };
    let (delay, name) = ADDED;
    let action =
        Action::AddStep { campaign: sequence.key.to_owned(), step: step(sequence, delay, name) };
    story.command(at, Some(ANN), action);
}

/// The campaign is rescheduled: the step that was added is on everybody's schedule.
fn activate_step(story: &mut Story, at: i64) {
    let from = march(13, 9, 0);
    let Some(sequence) = story.sequences.get_mut(WEBINAR) else {
        return;
    };
    let before = sequence.steps.len();
    sequence.steps.push(ADDED);
    let indexed = story.enrollments.iter().enumerate();
    let finished: Vec<usize> = indexed
        .filter(|(_, one)| one.sequence == WEBINAR && one.sent == before)
        .map(|(index, _)| index)
        .collect();
    for index in finished {
        story.turn(from, Turn::Send(index));
    }
    let selection = Selection { campaign: Some(campaign(story, WEBINAR)), ..Selection::default() };
    let action = Action::Reschedule {
        selection,
        from: instant(from),
        resume: false,
        reason: Some("The next webinar has a date".to_owned()),
    };
    story.command(at, Some(ANN), action);
}

fn archive(story: &mut Story, at: i64) {
    if let Some(sequence) = story.sequences.get_mut(WINBACK) {
        sequence.archived = true;
    }
    let event = Event::new("campaign.archived", "").campaign(campaign(story, WINBACK));
    story.event_by(at, "crm", Some(ANN), event);
}

/// A mailbox loses its connection for an afternoon.
fn disconnect(story: &mut Story, at: i64) {
    const MAILBOX: usize = 1;
    let Some(key) = story.mailboxes.get(MAILBOX).map(|mailbox| mailbox.key) else {
        return;
    };
    let event = Event::new("sender.disconnected", "").sender(key);
    story.event(at, "mail", event.with("cause", "the password was changed"));
    story.turn(at, Turn::Connect(MAILBOX, false));
    let then = at + 5 * HOUR + 25 * MINUTE;
    let event = Event::new("sender.connected", "").sender(key);
    story.event(then, "mail", event);
    story.turn(then, Turn::Connect(MAILBOX, true));
}

/// An absence note is read as an answer; three hours later a person takes that back, and the note
/// is recorded as what it is.
fn misread(story: &mut Story, at: i64) {
    let company_is_free = |story: &Story, index: usize| {
        let enrollment = story.enrollments.get(index);
        let person = enrollment.and_then(|one| story.people.get(one.person));
        let firm = person.and_then(|one| story.firms.get(one.firm?));
        firm.is_some_and(|firm| firm.held_until == 0)
    };
    let mut candidates = active(story, SPRING);
    candidates.extend(active(story, WINBACK));
    candidates.retain(|index| company_is_free(story, *index));
    let index = story.random.pick(&candidates);
    let Some(person_index) = story.enrollments.get(index).map(|one| one.person) else {
        return;
    };
    let firm = story.people.get(person_index).and_then(|one| one.firm);

    let reply = story.about("reply", index).with("kind", "human");
    let id = story.event(at, "mail", reply.with("intent", "unknown"));
    let then = at + 3 * HOUR + 10 * MINUTE;
    let retract = Action::Retract {
        source: "mail".to_owned(),
        event: id,
        reason: Some("An absence note, read as an answer".to_owned()),
    };
    story.command(then, Some(ANN), retract);
    if let Some(firm) = firm {
        story.turn(at, Turn::HoldFirm(firm, i64::MAX));
        story.turn(then, Turn::FreeFirm(firm));
    }
    let note = story.about("reply", index).with("kind", "out-of-office");
    story.event(then + MINUTE, "mail", note.with("return-date", "2026-03-11"));
    story.turn(then, Turn::HoldPerson(person_index, march(12, 0, 0)));
}

/// Some join companies that were written to before, also ones that are held.
fn newcomers(story: &mut Story, at: i64) {
    for firm in 0..8 {
        let Some(domain) = story.firms.get(firm).map(|firm| firm.domain.clone()) else {
            continue;
        };
        let zone = Tz::America__Chicago;
        let new = person(Some(firm), &domain, zone, &story.people, &mut story.random);
        story.command(at, Some(TOM), new.put());
        story.people.push(new);
        let enrollment = story.new_enrollment(story.people.len() - 1, SPRING);
        story.turn(at + MINUTE, Turn::Enroll(enrollment));
    }
}

/// A message cannot be written, for want of a first name; for most it is found the next day.
fn data_missing(story: &mut Story, at: i64) {
    let active = active(story, SPRING);
    for number in 0..4 {
        let index = story.random.pick(&active);
        let missing = story.about("data.missing", index);
        story.event(at, "crm", missing.with("field", "first-name"));
        story.turn(at, Turn::HoldEnrollment(index, i64::MAX));
        if number > 0 {
            let then = at + DAY + number * HOUR;
            let there = story.about("data.completed", index);
            story.event_by(then, "crm", Some(TOM), there.with("field", "first-name"));
            story.turn(then, Turn::HoldEnrollment(index, 0));
        }
    }
}

/// One company signs.
fn customer(story: &mut Story, at: i64) {
    const FIRM: usize = 3;
    let Some(domain) = story.firms.get(FIRM).map(|firm| firm.domain.clone()) else {
        return;
    };
    let event = Event::new("company.stage", "").company(domain);
    story.event(at, "crm", event.with("stage", "customer"));
    story.turn(at, Turn::HoldFirm(FIRM, i64::MAX));
}
