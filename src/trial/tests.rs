//! Tests of tests: small policies, and what is told of them.

mod fails;
mod passes;
mod robust;
mod shown;

use super::{Trial, check};
use crate::lang::{Diagnostic, render};
use crate::model::{PolicyBundle, PolicyFile};

fn bundle(text: &str) -> PolicyBundle {
    let text = format!("policy 1\n{text}");
    PolicyBundle { files: vec![PolicyFile { name: "test.rules".to_owned(), text }] }
}

/// The rules that most of the tables are about.
const RULES: &str = "
rule answered { on reply where reply.kind is human pause prospect }
rule silenced { on reply where reply.kind is human and reply.intent is positive pause company }
rule soft { on bounce where bounce.class is soft pause prospect for 3d }
rule hard { on bounce where bounce.class is hard stop prospect }
rule machine { on reply where reply.kind is auto ignore }
rule archived { on campaign.archived pause campaign }
rule off { on sender.disconnected pause sender }
rule back { on sender.connected resume sender from off }
";

/// The failures of the tests of a text.
fn failures(text: &str) -> Vec<Diagnostic> {
    let bundle = bundle(text);
    let mut trial = match Trial::of(&bundle) {
        Ok(trial) => trial,
        Err(found) => panic!("{}", render(&found, &bundle, false)),
    };
    let tests = trial.tests().len();
    (0..tests).flat_map(|number| trial.run(number).expect("a test").failures).collect()
}

/// The lines of one test pass.
fn passes(lines: &str) {
    let text = format!("{RULES}\ntest \"it\" {{\n{lines}\n}}");
    let found = failures(&text);
    assert!(found.is_empty(), "{}", render(&found, &bundle(&text), false));
}

/// The lines of one test fail, each with a message and its help.
fn fails(lines: &str, expected: &[&str]) {
    let text = format!("{RULES}\ntest \"it\" {{\n{lines}\n}}");
    let found = check(&bundle(&text));
    let errors = found.iter().filter(|it| it.severity == crate::lang::Severity::Error);
    let told: Vec<String> = errors
        .map(|it| match &it.help {
            Some(help) => format!("{}: {} ({help})", it.code, it.message),
            None => format!("{}: {}", it.code, it.message),
        })
        .collect();
    assert_eq!(told, expected, "{lines}");
}
