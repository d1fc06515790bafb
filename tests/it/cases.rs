//! How many random cases are tried: a few and always the same ones, or as many others as
//! `HOLDLINE_CASES` says.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

pub fn cases(few: u32, seed: u64) -> ProptestConfig {
    let asked = std::env::var("HOLDLINE_CASES").ok();
    ProptestConfig {
        cases: asked.as_deref().and_then(|text| text.parse().ok()).unwrap_or(few),
        rng_seed: if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(seed) },
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    }
}
