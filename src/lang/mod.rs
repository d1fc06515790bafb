//! The rules language: text to tree to checked policy, and the interpreter that evaluates it on
//! events. It knows no stores, no clocks and no files.

mod ast;
mod bundle;
mod check;
mod diagnostic;
mod effect;
mod evaluate;
mod event;
mod expected;
mod explain;
mod facts;
mod format;
mod ir;
mod literal;
mod nearest;
mod outline;
mod parse;
mod policy;
mod program;
#[cfg(any(test, feature = "testing"))]
pub mod reference;
mod report;
mod scan;
pub(crate) mod script;
pub(crate) mod script_diagnostic;
#[cfg(test)]
mod tests;
mod windows;
mod witness;

pub use bundle::{gather, is_policy};
pub use effect::{ClauseTrace, Effect, End, Ending, Fired, RuleTrace, RuleVerdict};
pub use event::{EventError, TypedEvent};
pub use facts::{Counted, Facts};
pub use format::{FormatError, format};
pub use outline::{
    Candidate, CandidateKind, Candidates, Note, Outline, Stretch, Symbol, SymbolKind,
};
pub use policy::{Policy, PolicyHash, RuleIndex, RuleInfo, check, tests_in};
pub use report::{Code, Diagnostic, Place, Severity, render};
pub use windows::{Counter, SeriesKey};

pub(crate) use ast::Span;
pub(crate) use report::{Finding, Findings, Lines};
pub(crate) use witness::{Point, Witness};
