//! The project's own chores, a file per verb. It knows nothing of the product beyond its surface.

mod deny;
mod editor;
mod endure;
mod explore;
mod fuzz;
mod generate;
mod kill;
mod load;
mod mutants;
mod orders;
mod race;
mod replan;
mod simulate;
mod soak;
mod step;
mod store;
mod test;
mod torture;

use std::process::ExitCode;

/// One chore.
struct Verb {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

/// Every chore. A new one is a module and a line here.
const VERBS: &[Verb] = &[
    Verb {
        name: "test",
        about: "everything that must hold: format, lints, tests, docs, benches, no features",
        run: test::run,
    },
    Verb {
        name: "deny",
        about: "licences, bans and sources of all dependencies; [--advisories] needs a network",
        run: deny::run,
    },
    Verb {
        name: "editor",
        about: "the extension for VS Code: installed, tested, packed; needs Node and a network",
        run: editor::run,
    },
    Verb {
        name: "explore",
        about: "every state of workers, a person and a crashing engine: [BOUND N]...; --release",
        run: explore::run,
    },
    Verb {
        name: "fuzz",
        about: "random input for what reads bytes: [TARGET] [SECONDS]; needs a nightly toolchain",
        run: fuzz::run,
    },
    Verb {
        name: "generate",
        about: "two weeks of events: [--seed 42] [--out examples/two-weeks.jsonl]",
        run: generate::run,
    },
    Verb {
        name: "kill",
        about: "kill -9 under load, again and again: [KILLS]; nothing acknowledged may be missing",
        run: kill::run,
    },
    Verb {
        name: "mutants",
        about: "changes to the engine that its tests must notice: [--mutants N --seed S --area A]",
        run: mutants::run,
    },
    Verb {
        name: "orders",
        about: "the engine's threads in many orders, chosen by shuttle: [ORDERS]",
        run: orders::run,
    },
    Verb {
        name: "race",
        about: "eight threads record, pause, lift and send, and a checker: [SECONDS [SEED]]",
        run: race::run,
    },
    Verb {
        name: "replan",
        about: "what commands notice while all is planned anew: [TIMELINES]; build with --release",
        run: replan::run,
    },
    Verb {
        name: "simulate",
        about: "hosts beside the model: [--minutes N --sequences N --seed S]; build with --release",
        run: simulate::run,
    },
    Verb {
        name: "soak",
        about: "a load while months pass: [--minutes N --prospects N --seed S --plot FILE]",
        run: soak::run,
    },
    Verb {
        name: "store",
        about: "memory, disk, open, packing, commits beside checkpoints: [PROSPECTS]; --release",
        run: store::run,
    },
    Verb {
        name: "endure",
        about: "a large store killed under load: [PROSPECTS [KILLS]]; build with --release",
        run: endure::run,
    },
    Verb {
        name: "torture",
        about: "failures, harm and kills to a store: [--minutes N] [--seed N]; with --release",
        run: torture::run,
    },
];

/// Why a chore ended early.
#[derive(Debug)]
enum Failure {
    /// It was called in a way that it does not understand.
    Usage(String),
    /// It found what it looks for, or could not do its work.
    Failed(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Refuses arguments, for verbs that take none.
fn no_arguments(verb: &str, arguments: &[String]) -> Result<(), Failure> {
    match arguments.first() {
        None => Ok(()),
        Some(found) => Err(Failure::Usage(format!("`{verb}` takes no arguments, found `{found}`"))),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(what)) => {
            eprint!("error: {what}\n\n{}", usage());
            ExitCode::from(2)
        }
        Err(Failure::Failed(what)) => {
            eprintln!("error: {what}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(Failure::Usage("expected a verb".to_owned()));
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        print!("{}", usage());
        return Ok(());
    }
    match VERBS.iter().find(|verb| verb.name == name) {
        Some(verb) => (verb.run)(rest),
        None => Err(Failure::Usage(format!("unknown verb `{name}`"))),
    }
}

fn usage() -> String {
    let mut text = "usage: cargo xtask <verb>\n\n".to_owned();
    for verb in VERBS {
        text.push_str(&format!("  {:<10} {}\n", verb.name, verb.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Failure, VERBS, dispatch, usage};

    #[test]
    fn a_verb_that_is_not_there_is_a_usage_error() {
        for arguments in [vec![], vec!["tset".to_owned()]] {
            assert!(matches!(dispatch(&arguments), Err(Failure::Usage(_))));
        }
    }

    #[test]
    fn verbs_without_arguments_refuse_them_before_they_start() {
        let arguments = ["test", "--fast"].map(str::to_owned);
        assert!(matches!(dispatch(&arguments), Err(Failure::Usage(_))));
    }

    #[test]
    fn the_usage_names_every_verb() {
        let text = usage();
        for verb in VERBS {
            assert!(text.contains(verb.name), "{} is missing", verb.name);
        }
    }
}
