//! The interpreter and the reference say the same of random policies and events, in any order of
//! the rules, and what is explained is what was evaluated.

use proptest::prelude::*;

use super::robust::mutated;
use crate::testing::differential::{Tally, compare};
use crate::testing::fuzz;
use crate::testing::policies::Case;

/// A few: what is drawn is checked several times, and the check is slow where it is not optimized.
/// More are asked for in the environment, as `PROPTEST_CASES=100000`.
fn cases() -> u32 {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    if asked { ProptestConfig::default().cases } else { 48 }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_interpreter_does_what_the_reference_says(
        bytes in prop::collection::vec(any::<u8>(), 0..1600)
    ) {
        let case = Case::of(&bytes);
        if let Err(difference) = compare(&case) {
            let texts: Vec<_> = case.bundle.files.iter().map(|file| file.text.as_str()).collect();
            prop_assert!(false, "{}\n{difference}", texts.join("\n---\n"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// The fuzz targets' bodies on what is nearly right: random policies, and shipped ones with a
    /// few small changes.
    #[test]
    fn random_policies_are_read_and_formatted_without_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..800),
        mutated in mutated(),
    ) {
        let random = Case::of(&bytes).bundle.files.into_iter().map(|file| file.text);
        for text in random.chain([mutated]) {
            for body in [fuzz::parse, fuzz::fmt] {
                let found = body(text.as_bytes());
                prop_assert!(found.is_ok(), "{text}\n---\n{}", found.unwrap_err());
            }
        }
    }
}

/// Bytes that are the same in each run.
fn fixed_bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..1200).map(|_| byte()).collect()
}

/// What is compared is worth comparing: most policies compile, whatever the check finds against
/// rules that were thrown together, rules match and fail, windows fill, and override each other.
#[test]
fn random_policies_compile_and_their_events_match() {
    let cases = 80;
    let (mut all, mut compiled) = (Tally::default(), 0);
    for seed in 1..=cases {
        let case = Case::of(&fixed_bytes(seed));
        let found = compare(&case).unwrap_or_else(|why| panic!("{seed}: {why}"));
        compiled += u64::from(found.compiles);
        all.events += found.events;
        all.matched += found.matched;
        all.refused += found.refused;
        all.holds += found.holds;
        all.resumes += found.resumes;
        all.errors += found.errors;
        all.overridden += found.overridden;
        all.filled += found.filled;
    }
    let shown = format!("{compiled} of {cases} compile: {all:?}");
    assert!(compiled * 100 > cases * 66, "{shown}");
    assert!(all.matched * 3 > all.events, "{shown}");
    for count in [all.refused, all.holds, all.resumes, all.errors, all.overridden, all.filled] {
        assert!(count > 5, "{shown}");
    }
}

/// The plainest case, and cases whose bytes end early.
#[test]
fn few_bytes_make_a_plain_case() {
    for bytes in [&[][..], &[0; 7], &[255; 40]] {
        let found = compare(&Case::of(bytes)).unwrap_or_else(|why| panic!("{why}"));
        assert!(found.compiles, "{bytes:?}");
    }
}
