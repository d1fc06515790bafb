//! What the command says of itself.

use crate::desk::Desk;

const VERBS: [&str; 29] = [
    "run",
    "apply",
    "list",
    "timeline",
    "explain",
    "agenda",
    "pause",
    "resume",
    "reschedule",
    "resend",
    "forget",
    "eval",
    "check",
    "test",
    "lsp",
    "fmt",
    "new",
    "history",
    "export",
    "import",
    "stats",
    "backup",
    "restore",
    "verify",
    "repair",
    "compact",
    "digest",
    "bench",
    "completions",
];

#[test]
fn every_verb_has_help_with_an_example() {
    let desk = Desk::new();
    let all = desk.call(&["--help"]).fine();
    for verb in VERBS {
        assert!(all.contains(&format!("\n  {verb} ")), "{verb} is missing in\n{all}");
        let help = desk.call(&[verb, "--help"]).fine();
        assert!(help.contains("Example"), "{verb}\n{help}");
        assert!(help.contains(&format!("holdline {verb}")), "{verb}\n{help}");
    }
}

#[test]
fn arguments_that_cannot_be_understood_are_bad_input() {
    let desk = Desk::new();
    assert!(desk.call(&["explan"]).told(3).contains("explain"));
    assert!(desk.call(&["list", "--status", "asleep"]).told(3).contains("unknown status `asleep`"));
    assert!(
        desk.call(&["run", "x", "--tick", "0s"]).told(3).contains("a tick is from `1s` to `6h`")
    );
    assert!(desk.call(&["run", "x", "--durability", "some"]).told(3).contains("found `some`"));
    assert!(desk.call(&["pause"]).told(3).contains("say what to pause"));
    assert!(!desk.path().join("holdline-data").exists());
}

#[test]
fn completions_know_every_verb() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = desk.call(&["completions", shell]).fine();
        assert!(VERBS.iter().all(|verb| script.contains(verb)), "{shell}");
    }
}
