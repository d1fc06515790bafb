//! The language as a whole: its diagnostics, the shipped policy, the interpreter, and bad input.

mod cells;
mod differential;
mod formatting;
mod interpreter;
mod laws;
mod mistakes;
mod mutants;
mod outline;
mod pages;
mod programs;
mod reading;
mod robust;
mod shipped;
mod world;

use std::path::Path;

use super::{Diagnostic, check};
use crate::model::{PolicyBundle, PolicyFile};

fn bundle(text: &str) -> PolicyBundle {
    let file = PolicyFile { name: "test.rules".to_owned(), text: text.to_owned() };
    PolicyBundle { files: vec![file] }
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect()
}

/// Checks a text and expects exactly these codes, in the order of the text. What rules do together
/// is warned of elsewhere: a rule that is written to be read need not make sense among others.
fn expect_codes(text: &str, expected: &[&str]) {
    let mut found = check(&bundle(text));
    found.retain(|it| !(220..=223).contains(&it.code.0));
    assert_eq!(codes(&found), expected, "{text}\n{found:#?}");
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
