//! Every engine decides as holdline does, on every event of the mix and in both layouts.

#![expect(clippy::unwrap_used, reason = "a test that does not get what it expects has failed")]

use std::collections::{BTreeMap, BTreeSet};

use holdline_peers::catalogue::{self, RULES};
use holdline_peers::incoming::Incoming;
use holdline_peers::mix;
use holdline_peers::peer::{Cedar, Cel, Holdline, Regorus, Rhai, Zen};
use holdline_peers::{Decision, Layout, Peer};

const SEED: u64 = 42;
const EVENTS: usize = 4_000;

fn decisions<P: Peer>(layout: Layout, events: &[Incoming]) -> Vec<Decision> {
    let mut peer = P::prepare(layout).unwrap();
    let decide = |incoming: &Incoming| {
        let event = peer.take(incoming).unwrap();
        let mut decision = Decision::default();
        peer.decide(&event, &mut decision).unwrap();
        // What an engine keeps between two events must not change what it decides.
        let mut again = Decision::default();
        peer.decide(&event, &mut again).unwrap();
        let (decision, again) = (decision.sorted(), again.sorted());
        assert_eq!(decision, again, "{}, a second time, on {incoming:?}", P::NAME);
        decision
    };
    events.iter().map(decide).collect()
}

fn check<P: Peer>() {
    let events = mix::events(SEED, EVENTS);
    let expected = decisions::<Holdline>(Layout::ByEvent, &events);
    for layout in Layout::ALL {
        let found = decisions::<P>(layout, &events);
        for ((event, expected), found) in events.iter().zip(&expected).zip(&found) {
            assert_eq!(found, expected, "{} ({}) on {event:#?}", P::NAME, layout.name());
        }
    }
}

#[test]
fn cedar_decides_as_holdline_does() {
    check::<Cedar>();
}

#[test]
fn cel_decides_as_holdline_does() {
    check::<Cel>();
}

#[test]
fn zen_decides_as_holdline_does() {
    check::<Zen>();
}

#[test]
fn rhai_decides_as_holdline_does() {
    check::<Rhai>();
}

#[test]
fn regorus_decides_as_holdline_does() {
    check::<Regorus>();
}

#[test]
fn the_catalogue_is_the_policy() {
    let holdline = Holdline::prepare(Layout::ByEvent).unwrap();
    let names: Vec<&str> = holdline.policy().rules().iter().map(|rule| &*rule.name).collect();
    assert_eq!(names, RULES.map(|rule| rule.name));
    let listened: BTreeSet<&str> = RULES.iter().flat_map(|rule| rule.events).copied().collect();
    assert_eq!(listened, BTreeSet::from(catalogue::EVENTS));
}

/// A mix that leaves a rule out would let an engine forget it.
#[test]
fn the_mix_fires_every_rule_and_keeps_its_shares() {
    let events = mix::events(SEED, EVENTS);
    let decisions = decisions::<Holdline>(Layout::ByEvent, &events);
    let fired: BTreeSet<usize> =
        decisions.iter().flat_map(|decision| &decision.fired).map(|fired| fired.rule).collect();
    let silent: Vec<&str> = (0..RULES.len())
        .filter(|number| !fired.contains(number))
        .map(|number| RULES[number].name)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");

    let mut shares = BTreeMap::new();
    for event in &events {
        *shares.entry(&*event.event.kind).or_insert(0_usize) += 1;
    }
    for (kind, percent) in
        [("open", 55), ("click", 20), ("reply", 10), ("bounce", 6), ("mark", 4), ("opt-out", 3)]
    {
        let expected = EVENTS * percent / 100;
        let found = shares[kind];
        assert!(found.abs_diff(expected) < EVENTS / 50, "{kind}: {found}, expected {expected}");
    }
}
