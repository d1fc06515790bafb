//! What rules read of the tables, live and as it was kept.

use super::{About, LiveFacts};
use crate::engine::workspace::Workspace;
use crate::engine::{DEFAULT_WORKSPACE, State};
use crate::json::read_command;
use crate::lang::Facts;
use crate::model::{Action, Command, Event, Instant, Outcome, PolicyBundle, PolicyFile, Report};

const RULES: &str = "policy 1

rule thrice {
  on open
  when count(open at campaign in 7d) >= 3
  pause campaign
}
";

const SPRING: &str = r#""do":"put-campaign","key":"spring","senders":["tom"],"tags":["cold"],
    "steps":[{"name":"a"},{"name":"b","delay":"3d"}]"#;

fn start() -> Instant {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

fn tell(state: &mut State, action: Action) -> Outcome {
    let outcome = state.apply(&mut Command::new(start(), action)).outcome;
    assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    outcome
}

/// Somebody in a campaign who was sent its first message and opened it, and somebody of whom
/// nothing is known.
fn state() -> State {
    let mut state = State::new();
    let file = PolicyFile { name: "our.rules".to_owned(), text: RULES.to_owned() };
    tell(&mut state, Action::PutPolicy(PolicyBundle { files: vec![file] }));
    for body in [
        r#""do":"put-company","key":"acme.io","stage":"trial","tags":["gold","west"]"#,
        r#""do":"put-prospect","key":"ann","address":"ann@acme.io","zone":"Asia/Tokyo""#,
        r#""do":"put-prospect","key":"ann","tags":["vip"],"fields":{"title":"cto"}"#,
        r#""do":"put-prospect","key":"bob""#,
        r#""do":"put-sender","key":"tom""#,
        SPRING,
        r#""do":"enroll","campaign":"spring","prospect":"ann""#,
    ] {
        let command = read_command(format!(r#"{{"at":"{}",{body}}}"#, start()).as_bytes());
        tell(&mut state, command.unwrap().action);
    }
    let claimed = tell(&mut state, Action::Claim { limit: 1, lease_ms: 60_000 });
    let Outcome::Claimed { sends, .. } = claimed else {
        panic!("{claimed:?}");
    };
    let token = sends[0].token;
    tell(&mut state, Action::Confirm { token });
    tell(&mut state, Action::Report { token, report: Report::Sent { at: start() } });
    let open = Event::new("open", "e1").prospect("ann").campaign("spring");
    tell(&mut state, Action::Record(open));
    let later = start().plus_ms(50 * 3_600_000);
    state.apply(&mut Command::new(later, Action::Advance));
    state
}

fn workspace(state: &State) -> &Workspace {
    state.workspace(DEFAULT_WORKSPACE).unwrap()
}

/// All that facts say, as text.
fn told(facts: &dyn Facts) -> Vec<String> {
    let (mut prospect, mut company, mut campaign) = (Vec::new(), Vec::new(), Vec::new());
    facts.prospect_tags(&mut |tag| prospect.push(tag.to_owned()));
    facts.company_tags(&mut |tag| company.push(tag.to_owned()));
    facts.campaign_tags(&mut |tag| campaign.push(tag.to_owned()));
    let texts = [
        facts.prospect_address(),
        facts.prospect_domain(),
        facts.prospect_zone(),
        facts.prospect_field("title"),
        facts.prospect_field("name"),
        facts.company_key(),
        facts.company_stage(),
        facts.campaign_key(),
    ];
    let numbers = [facts.enrollment_step(), facts.enrollment_sends(), facts.days_since_last_send()];
    let mut all: Vec<String> = texts.iter().map(|it| it.unwrap_or("-").to_owned()).collect();
    all.extend(numbers.iter().map(|it| it.map_or("-".to_owned(), |it| it.to_string())));
    all.extend([prospect, company, campaign].map(|tags| tags.join(" ")));
    for tag in ["vip", "gold", "cold"] {
        let has =
            [facts.prospect_has_tag(tag), facts.company_has_tag(tag), facts.campaign_has_tag(tag)];
        all.push(format!("{tag} {has:?}"));
    }
    all.push(facts.counted(0).map_or("-".to_owned(), |it| it.count.to_string()));
    all
}

#[test]
fn rules_read_what_the_tables_say_and_read_it_again_from_what_was_kept() {
    let state = state();
    let workspace = workspace(&state);
    let (data, index) = (&workspace.data, &workspace.index);
    let event = Event::new("open", "e2").prospect("ann").campaign("spring");
    let live = LiveFacts::new(data, index, workspace.about(&event).unwrap(), data.now);
    let expected = [
        "ann@acme.io",
        "acme.io",
        "Asia/Tokyo",
        "cto",
        "-",
        "acme.io",
        "trial",
        "spring",
        "2",
        "1",
        "2",
        "vip",
        "gold west",
        "cold",
        "vip [true, false, false]",
        "gold [false, true, false]",
        "cold [false, false, true]",
        "1",
    ];
    assert_eq!(told(&live), expected);
    assert_eq!(told(&live.capture([0].into_iter())), expected);
}

#[test]
fn what_is_not_known_is_not_there() {
    let state = state();
    let workspace = workspace(&state);
    let (data, index) = (&workspace.data, &workspace.index);
    let bob = workspace.about(&Event::new("open", "e2").prospect("bob")).unwrap();
    for about in [About::default(), bob] {
        let live = LiveFacts::new(data, index, about, data.now);
        let told = told(&live);
        let (texts, tags) = (&told[..11], &told[11..14]);
        assert!(texts.iter().all(|it| it == "-"), "{told:?}");
        assert!(tags.iter().all(|it| it.is_empty()), "{told:?}");
        assert!(told[14..17].iter().all(|it| !it.contains("true")), "{told:?}");
        assert_eq!(told[17], "-");
    }
}
