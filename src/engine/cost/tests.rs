//! What commands may cost, as a count of what they look at. Nothing is timed.
//!
//! Where a cost must not depend on a number, the very same count is asked for with ten and with
//! tens of thousands: a walk over the covered, or over some of them, cannot hide in a bound.

use std::sync::Arc;

use crate::engine::State;
use crate::engine::sighting::Sighting;
use crate::model::{
    Action, Campaign, Command, Company, Delay, Event, HoldId, HoldKind, HoldTarget, Instant,
    Outcome, Placement, Prospect, Report, Sender, Step, StepTiming, Token, Verdict,
};
use crate::{Policy, plan};

const FEW: usize = 10;
/// A walk over these shows in a count as well as one over millions.
const MANY: usize = 20_000;
const SENDERS: usize = 4;
/// Later than any claim here.
const FAR_MS: u64 = 300 * 24 * 3_600_000;
const MINUTE_MS: i64 = 60_000;

fn start() -> Instant {
    Instant::from_ms(1_772_438_400_000)
}

fn tell(state: &mut State, action: Action) -> Outcome {
    let outcome = state.apply(&mut Command::new(start(), action)).outcome;
    assert!(outcome.refusal().is_none(), "{outcome:?}");
    outcome
}

/// What a command answers, and what it looked at: records, lanes, steps placed.
fn cost(state: &mut State, at: Instant, action: Action) -> (Outcome, usize) {
    super::taken();
    plan::cost::taken();
    let outcome = state.apply(&mut Command::new(at, action)).outcome;
    assert!(outcome.refusal().is_none(), "{outcome:?}");
    (outcome, super::taken() + plan::cost::taken())
}

fn campaign(key: &str, delay_ms: u64) -> Action {
    let timing = StepTiming { delay: Delay::ElapsedMs(delay_ms), ..StepTiming::default() };
    let later = StepTiming { delay: Delay::ElapsedMs(FAR_MS), ..StepTiming::default() };
    let step = |timing| Step { name: String::new(), timing };
    Action::PutCampaign(Campaign {
        key: key.to_owned(),
        steps: vec![step(timing), step(later)],
        senders: (0..SENDERS).map(|it| format!("s{it}")).collect(),
        placement: Some(Placement::Rolling),
        ..Campaign::default()
    })
}

/// Puts so many people of a company into a campaign.
fn enrol(state: &mut State, company: &str, campaign: &str, people: usize) {
    for person in 0..people {
        let key = format!("{campaign}-{person}@{company}.example");
        let company = Some(company.to_owned());
        let put = Prospect { key: key.clone(), company, ..Prospect::default() };
        tell(state, Action::PutProspect(put));
        tell(state, Action::Enroll { campaign: campaign.to_owned(), prospect: key });
    }
}

/// The shipped policy, two companies, a campaign of what is due at once and one of what is due in a
/// year, in which so many people of the company `acme` are.
fn world(scheduled: usize) -> State {
    let mut state = State::new();
    tell(&mut state, Action::PutPolicy(Policy::default_rules()));
    for it in 0..SENDERS {
        let sender = Sender { key: format!("s{it}"), ..Sender::default() };
        tell(&mut state, Action::PutSender(sender));
    }
    for key in ["acme", "other"] {
        tell(&mut state, Action::PutCompany(Company { key: key.to_owned(), ..Company::default() }));
    }
    tell(&mut state, campaign("due", 0));
    tell(&mut state, campaign("far", FAR_MS));
    enrol(&mut state, "acme", "far", scheduled);
    state
}

fn acme() -> HoldTarget {
    HoldTarget::Company("acme".to_owned())
}

fn pause(target: HoldTarget) -> Action {
    Action::Hold { kind: HoldKind::Pause, target, until: None, reason: None }
}

fn resume(target: HoldTarget) -> Action {
    Action::Resume { target, prospects: false, reschedule: None, reason: None }
}

fn claim(limit: usize) -> Action {
    Action::Claim { limit: limit as u32, lease_ms: 3_600_000 }
}

/// The tokens of a claim, whether there may be more, and what it cost.
fn claimed(state: &mut State, at: Instant, limit: usize) -> (Vec<Token>, bool, usize) {
    let (outcome, cost) = cost(state, at, claim(limit));
    let Outcome::Claimed { sends, more } = outcome else {
        panic!("{outcome:?}");
    };
    (sends.iter().map(|send| send.token).collect(), more, cost)
}

/// What each of these costs with few people and with many; the second time as well, when it meets
/// the first.
fn same_for(sizes: [usize; 2], what: impl Fn(&mut State) -> Vec<(String, usize)>) {
    let [few, many] = sizes.map(|people| what(&mut world(people)));
    for (few, many) in few.iter().zip(&many) {
        println!("{}: {} and {}", few.0, few.1, many.1);
    }
    assert_eq!(few, many);
}

#[test]
fn placing_and_lifting_a_pause_costs_the_same_whatever_it_covers() {
    same_for([FEW, 100_000], |state| {
        let far = || "far".to_owned();
        let in_campaign = HoldTarget::CompanyInCampaign { company: "acme".into(), campaign: far() };
        let targets = [
            acme(),
            in_campaign,
            HoldTarget::Campaign(far()),
            HoldTarget::Sender("s0".to_owned()),
            HoldTarget::Workspace,
        ];
        let mut costs = Vec::new();
        for target in targets {
            for kind in [HoldKind::Pause, HoldKind::Stop] {
                let hold = Action::Hold { kind, target: target.clone(), until: None, reason: None };
                let (outcome, looks) = cost(state, start(), hold);
                assert!(matches!(outcome, Outcome::Held { live: true, .. }), "{outcome:?}");
                costs.push((format!("{kind:?} {target:?}"), looks));
            }
            let until = Some(start().plus_ms(MINUTE_MS));
            let (kind, timed) = (HoldKind::Pause, target.clone());
            let hold = Action::Hold { kind, target: timed, until, reason: None };
            costs.push((format!("timed {target:?}"), cost(state, start(), hold).1));
            costs.push((format!("resume {target:?}"), cost(state, start(), resume(target)).1));
        }
        costs
    });
}

#[test]
fn the_end_of_a_pause_costs_the_same_whatever_it_covers() {
    same_for([FEW, MANY], |state| {
        let until = Some(start().plus_ms(MINUTE_MS));
        let kind = HoldKind::Pause;
        tell(state, Action::Hold { kind, target: acme(), until, reason: None });
        let at = start().plus_ms(2 * MINUTE_MS);
        vec![("expiry".to_owned(), cost(state, at, Action::Advance).1)]
    });
}

#[test]
fn recording_an_event_costs_the_same_whatever_the_size_of_its_company() {
    same_for([FEW, MANY], |state| {
        let mut costs = Vec::new();
        let kinds = [
            ("open", None),
            ("click", None),
            ("bounce", Some(("class", "hard"))),
            ("reply", Some(("kind", "out-of-office"))),
            ("reply", Some(("kind", "human"))),
            ("opt-out", None),
            ("open", None),
        ];
        for (person, (kind, attribute)) in kinds.into_iter().enumerate() {
            let event = Event::new(kind, format!("event-{person}"));
            let event = event.prospect(format!("far-{person}@acme.example"));
            let event = match attribute {
                Some((name, value)) => event.with(name, value),
                None => event,
            };
            for again in [false, true] {
                let (outcome, looks) = cost(state, start(), Action::Record(event.clone()));
                assert_eq!(outcome == Outcome::Duplicate, again, "{outcome:?}");
                costs.push((format!("{kind} {attribute:?} {again}"), looks));
            }
        }
        costs
    });
}

#[test]
fn a_last_look_costs_the_same_whatever_is_enrolled_and_held() {
    const LOOKS: usize = 20;
    // How many are enrolled, and how many of them are held one by one.
    let worlds = [(FEW, 0), (MANY, 0), (MANY, 2_000)];
    let [alone, among, held] = worlds.map(|(people, holds)| {
        let mut state = world(people);
        for person in 0..holds {
            let key = format!("far-{person}@acme.example");
            tell(&mut state, pause(HoldTarget::Prospect(key)));
        }
        enrol(&mut state, "other", "due", LOOKS);
        let (tokens, _, _) = claimed(&mut state, start(), LOOKS);
        assert_eq!(tokens.len(), LOOKS);
        let mut costs = Vec::new();
        for (at, token) in tokens.into_iter().enumerate() {
            if at == LOOKS / 2 {
                // From here on each look finds a hold.
                tell(&mut state, pause(HoldTarget::Company("other".to_owned())));
            }
            let (outcome, looks) = cost(&mut state, start(), Action::Confirm { token });
            let goes = outcome == Outcome::Confirmed(Verdict::Go);
            assert_eq!(goes, at < LOOKS / 2, "{outcome:?}");
            if goes {
                costs.push(looks);
                let report = Report::Sent { at: start() };
                tell(&mut state, Action::Report { token, report });
            } else {
                // It goes back among the nearest of its lane, who are sixteen at most.
                assert!(looks <= 48, "{looks} for a send that is called back");
            }
        }
        costs
    });
    println!("{alone:?}");
    assert_eq!(alone, among);
    assert_eq!(alone, held);
}

#[test]
fn a_claim_costs_what_it_returns_whatever_is_scheduled_and_held() {
    const DUE: usize = 1_000;
    let worlds = [(0, false), (MANY, false), (MANY, true)];
    let [alone, among, held] = worlds.map(|(scheduled, held)| {
        let mut state = world(scheduled);
        if held {
            tell(&mut state, pause(acme()));
        }
        enrol(&mut state, "other", "due", DUE);
        let mut costs = Vec::new();
        for _ in 0..DUE / 100 {
            let (tokens, more, looks) = claimed(&mut state, start(), 100);
            assert_eq!((tokens.len(), more), (100, false));
            costs.push(looks);
        }
        let (tokens, _, nothing) = claimed(&mut state, start(), 100);
        assert!(tokens.is_empty() && nothing <= 2 * SENDERS, "{nothing} to find nothing");
        costs
    });
    println!("{alone:?}\n{among:?}\n{held:?}");
    let all: [usize; 3] = [&alone, &among, &held].map(|it| it.iter().sum());
    let most = alone.iter().max().copied().unwrap_or_default();
    assert!(all[0] <= 70 * DUE, "{} for {DUE} sends", all[0]);
    // Where many are scheduled, a lane has rungs to cut that it has not where there are none.
    assert!(all.iter().all(|it| *it <= all[0] + all[0] / 10), "{all:?}");
    assert!(among.iter().chain(&held).all(|it| *it <= 2 * most), "{among:?} {held:?}");
}

#[test]
fn a_claim_parks_who_is_held_once_for_each_hold() {
    const HELD: usize = 10_000;
    /// The most that a claim parks, and what one of them may cost.
    const AT_ONCE: usize = 4_096;
    const EACH: usize = 80;
    let mut state = world(MANY);
    enrol(&mut state, "acme", "due", HELD);
    // Claims until there are no more: what each costs.
    let claims = |state: &mut State| {
        let mut costs = Vec::new();
        loop {
            let (tokens, more, looks) = claimed(state, start(), 100);
            assert!(tokens.is_empty());
            costs.push(looks);
            if !more {
                return costs;
            }
            assert!(costs.len() <= HELD / AT_ONCE, "they are met again and again");
        }
    };
    let all_at_once = |costs: &[usize]| {
        println!("{costs:?}");
        assert_eq!(costs.len(), HELD.div_ceil(AT_ONCE));
        assert!(costs.iter().all(|looks| *looks <= EACH * AT_ONCE), "{costs:?}");
        assert!(costs.iter().sum::<usize>() <= EACH * HELD, "{costs:?}");
    };
    tell(&mut state, pause(acme()));
    all_at_once(&claims(&mut state));
    // Nobody is met again, also not because of another hold.
    let idle = claims(&mut state);
    tell(&mut state, pause(acme()));
    assert_eq!((idle, claims(&mut state)), (vec![0], vec![0]));
    // Once the first hold is gone the second one keeps them aside, each once.
    tell(&mut state, Action::Lift { hold: HoldId(0), reason: None });
    all_at_once(&claims(&mut state));
    assert_eq!(claims(&mut state), [0]);
}

#[test]
fn lifting_costs_what_was_parked_and_nothing_for_who_was_never_met() {
    const PARKED: usize = 1_000;
    let [few, many] = [FEW, MANY].map(|scheduled| {
        let mut state = world(scheduled);
        enrol(&mut state, "acme", "due", PARKED);
        tell(&mut state, pause(acme()));
        let (tokens, more, _) = claimed(&mut state, start(), 100);
        assert!(tokens.is_empty() && !more);
        cost(&mut state, start(), resume(acme())).1
    });
    println!("{few} {many}");
    // Each goes back to its lane, among the nearest or behind them.
    assert!(few.max(many) <= 10 * PARKED, "{few} {many}");
}

/// What is found ahead for a command.
fn seen_ahead(state: &State, action: Action) -> Arc<Sighting> {
    let sought = state.sought(&Command::new(start(), action)).unwrap();
    Arc::new(sought.look(None).0)
}

#[test]
fn what_commands_are_about_is_met_before_they_are_applied() {
    let state = world(FEW);
    let looks = |prospect: &str, id: &str| {
        let event = Event::new("reply", id).prospect(prospect);
        let commands = [event.clone(), event].map(|it| Command::new(start(), Action::Record(it)));
        super::taken();
        state.look_ahead(&commands);
        super::taken()
    };
    // The prospect, its company and its enrollment, for each of the two.
    let (known, unknown) = (looks("far-1@acme.example", "1"), looks("far-x@acme.example", "1"));
    assert!(known >= unknown + 2 * 3, "{known} and {unknown}");
}

#[test]
fn forgetting_costs_what_changed_since_somebody_looked() {
    // The parts of tables in which something changes, and what belongs to the person.
    const MOST: usize = 8 * 64;
    let mut state = world(MANY);
    let (asked, left) = ("far-7@acme.example", "far-8@acme.example");
    let mut costs = [asked, left].map(|key| {
        let found = (key == asked).then(|| {
            let forget = Action::Forget { prospect: key.to_owned(), reason: None };
            seen_ahead(&state, forget)
        });
        tell(&mut state, pause(HoldTarget::Prospect(key.to_owned())));
        let erase = state.erasing(Command::new(
            start(),
            Action::Forget { prospect: key.to_owned(), reason: None },
        ));
        super::taken();
        plan::cost::taken();
        let outcome = state.apply_with(&mut erase.clone(), found).outcome;
        assert_eq!(outcome, Outcome::Forgotten { stopped: false });
        super::taken() + plan::cost::taken()
    });
    println!("{costs:?}");
    costs.sort_unstable();
    assert!(costs[0] <= MOST && costs[1] > MANY, "{costs:?}");
}

#[test]
fn taking_an_event_back_costs_what_was_counted_since_somebody_looked() {
    // The parts of tables in which something changes, and the event's own log.
    const MOST: usize = 8 * 64;
    let mut state = world(FEW);
    let bounce = |state: &mut State, person: usize, id: &str| {
        // Each in a company of its own, so that each has a log.
        let event = Event::new("bounce", id).prospect(format!("p@c{person}.example"));
        tell(state, Action::Record(event.with("class", "soft")));
    };
    for person in 0..MANY {
        let key = format!("p@c{person}.example");
        tell(&mut state, Action::PutProspect(Prospect { key, ..Prospect::default() }));
        bounce(&mut state, person, &format!("first-{person}"));
    }
    let (asked, left) = (MANY / 3, MANY / 2);
    let mut costs = [asked, left].map(|person| {
        let event = format!("first-{person}");
        let retract = Action::Retract { source: String::new(), event, reason: None };
        let ahead = (person == asked).then(|| seen_ahead(&state, retract.clone()));
        bounce(&mut state, MANY / 4, &format!("second-{person}"));
        super::taken();
        let outcome = state.apply_with(&mut Command::new(start(), retract), ahead).outcome;
        assert!(matches!(outcome, Outcome::Retracted { seen: true, .. }), "{outcome:?}");
        super::taken()
    });
    println!("{costs:?}");
    costs.sort_unstable();
    assert!(costs[0] <= MOST && costs[1] > MANY, "{costs:?}");
}
