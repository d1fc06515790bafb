//! Findings as editors take them, and which documents have which.

use std::collections::{BTreeMap, BTreeSet};

use gen_lsp_types::{Code, CodeDescription, Diagnostic, DiagnosticSeverity, Message, Uri};
use holdline::lang::{self, Severity};
use holdline::model::PolicyBundle;
use holdline::trial;
use serde_json::json;

use super::documents::Documents;
use super::place::{Lines, Units};

/// The findings of each document.
pub type Findings = BTreeMap<String, Vec<Diagnostic>>;

/// What is wrong with the documents that are open, and with what their policies reach.
pub fn find(documents: &Documents, units: Units, docs: Option<&str>) -> Findings {
    let mut all = Findings::new();
    let mut seen = BTreeSet::new();
    for name in documents.names() {
        all.entry(name.clone()).or_default();
        let Some(bundle) = documents.policy(name) else { continue };
        let main = bundle.files.first().map(|file| file.name.clone());
        // Documents of one policy are checked once.
        if !seen.insert(main) {
            continue;
        }
        for (name, found) in of_policy(&bundle, units, docs) {
            let known = all.entry(name).or_default();
            for finding in found {
                if !known.contains(&finding) {
                    known.push(finding);
                }
            }
        }
    }
    all
}

fn of_policy(bundle: &PolicyBundle, units: Units, docs: Option<&str>) -> Findings {
    let mut all = Findings::new();
    let found = trial::check(bundle);
    for file in &bundle.files {
        let lines = Lines::of(&file.text, units);
        let own = found.iter().filter(|finding| finding.file == file.name);
        let own: Vec<_> = own.map(|finding| placed(finding, &lines, docs)).collect();
        if !own.is_empty() {
            all.insert(file.name.clone(), own);
        }
    }
    all
}

fn placed(finding: &lang::Diagnostic, lines: &Lines<'_>, docs: Option<&str>) -> Diagnostic {
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    let severity = match finding.severity {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
    };
    let page = format!("{}.md", finding.code);
    let link = docs.map(|base| format!("{}/{page}", base.trim_end_matches('/')));
    Diagnostic {
        range: lines.range(finding.from_byte, finding.to_byte),
        severity: Some(severity),
        code: Some(Code::String(finding.code.to_string())),
        code_description: link.map(|link| CodeDescription { href: Uri(link) }),
        source: Some("holdline".to_owned()),
        message: Message::String(format!("{}{help}", finding.message)),
        data: Some(json!({ "page": format!("docs/diagnostics/{page}") })),
        ..Diagnostic::default()
    }
}
