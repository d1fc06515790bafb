//! A policy: checked, compiled, immutable. It knows its rules and the vocabulary, and keeps no
//! state.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{PolicyBundle, PolicyFile};

use super::check::{self, Checked};
use super::report::{Diagnostic, Findings, Lines, Severity};
use super::{bundle, diagnostic as say};

/// The shipped vocabulary's name and text.
pub(super) const VOCABULARY: (&str, &str) =
    ("vocabulary.rules", include_str!("../../grammar/vocabulary.rules"));

/// The codes that say that a whole file was not read.
const UNREAD: [u16; 3] = [7, 8, 22];
/// The codes of names that are not declared: a file that is not there may declare them.
const UNDECLARED: [u16; 3] = [101, 105, 106];

/// The number of a rule in its policy, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleIndex(pub u16);

/// What a rule says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name.
    pub name: String,
    /// The text behind the name.
    pub title: Option<String>,
    /// The file it is in.
    pub file: String,
    /// The line of its name, from 1.
    pub line: u32,
    /// Its `reason`.
    pub reason: Option<String>,
    /// The argument of `@owner(…)`.
    pub owner: Option<String>,
}

/// The identity of a policy: the hash of its files' names and texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PolicyHash([u8; 32]);

impl PolicyHash {
    /// The hash of a bundle, compiled or not.
    #[must_use]
    pub fn of(bundle: &PolicyBundle) -> Self {
        let mut hasher = blake3::Hasher::new();
        for file in &bundle.files {
            for part in [&file.name, &file.text] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The first six digits.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(6).collect()
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PolicyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PolicyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyHash({self})")
    }
}

/// A checked, compiled policy: share it behind an `Arc`.
#[derive(Debug)]
pub struct Policy {
    pub(super) hash: PolicyHash,
    pub(super) checked: Checked,
}

impl Policy {
    /// Checks and compiles a bundle: the policy with its warnings, or all findings, of which at
    /// least one is an error.
    pub fn compile(bundle: &PolicyBundle) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (checked, diagnostics) = checked(bundle);
        if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(diagnostics);
        }
        Ok((Self { hash: PolicyHash::of(bundle), checked }, diagnostics))
    }

    /// The hash of the bundle that it was compiled from.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.hash
    }

    /// The rules, each at its [`RuleIndex`].
    #[must_use]
    pub fn rules(&self) -> &[RuleInfo] {
        &self.checked.infos
    }

    /// The rule of that name.
    #[must_use]
    pub fn rule_named(&self, name: &str) -> Option<RuleIndex> {
        self.checked.rule_names.get(name).copied()
    }

    /// The types of events that are declared: the shipped vocabulary, then the policy's own.
    pub fn event_names(&self) -> impl Iterator<Item = &str> {
        self.checked.events.iter().map(|event| &*event.name)
    }

    /// The shipped policy, for when a workspace has none of its own.
    #[must_use]
    pub fn default_rules() -> PolicyBundle {
        let text = include_str!("../../rules/default.rules").to_owned();
        PolicyBundle { files: vec![PolicyFile { name: "default.rules".to_owned(), text }] }
    }
}

/// All findings about a bundle, in the order of the text.
#[must_use]
pub fn check(bundle: &PolicyBundle) -> Vec<Diagnostic> {
    checked(bundle).1
}

/// How many tests stand in a bundle, whatever else is in it.
#[must_use]
pub fn tests_in(bundle: &PolicyBundle) -> usize {
    bundle::read(bundle, VOCABULARY.1, &mut Findings::default()).tests.len()
}

pub(super) fn checked(bundle: &PolicyBundle) -> (Checked, Vec<Diagnostic>) {
    let files = u32::try_from(bundle.files.len()).unwrap_or(u32::MAX);
    let texts = bundle.files.iter().map(|file| (file.name.as_str(), file.text.as_str()));
    let lines = Lines::new(texts.chain([VOCABULARY]));
    let mut findings = Findings::default();
    let ast = bundle::read(bundle, VOCABULARY.1, &mut findings);
    if bundle.files.is_empty() {
        findings.push(say::missing_policy(super::ast::Span { file: 0, start: 0, end: 0 }));
    }
    let unread = findings.all.iter().any(|finding| UNREAD.contains(&finding.code.0));
    if unread {
        // What was not read would be reported as missing, once for each use.
        return (Checked::default(), lines.place_all(findings));
    }
    let checked = check::check(&ast, &lines, files, &mut findings);
    if ast.incomplete {
        findings.all.retain(|finding| !UNDECLARED.contains(&finding.code.0));
    }
    if findings.all.iter().any(|finding| finding.code.0 == 4) {
        // Another version of the language would only be misread.
        findings.all.retain(|finding| finding.code.0 == 4);
    }
    (checked, lines.place_all(findings))
}
