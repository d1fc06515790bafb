//! Small changes to the product's own code, one at a time, and whether the tests notice: made and
//! tried by cargo-mutants, which is installed first where it is missing.
//!
//! There are thousands, so a part is drawn from a seed. Each area has the fastest tests that should
//! do, so whoever survives is either a test too few or a change that changes nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use holdline_workloads::random::Random;
use serde_json::Value;

use crate::Failure;
use crate::step::{Step, command, root, run_all};

const VERSION: &str = "27.0.0";
/// What these builds do not have: the threads of the build in which a test chooses their order.
const NOT_BUILT: &str = "src/engine/threads/**";
/// So many of the viable ones are to be noticed.
const NOTICED: f64 = 0.9;
const USAGE: &str = "`mutants` takes [--mutants N] [--seed S] [--area NAME]";

/// Code that is changed, and the tests that are to notice.
struct Area {
    name: &'static str,
    files: &'static [&'static str],
    /// Parts of the names of tests.
    tests: &'static [&'static str],
}

const AREAS: &[Area] = &[
    Area {
        name: "plan",
        files: &["src/plan/**"],
        tests: &["plan::", "golden::", "laws::l6", "laws::the_engine", "year::"],
    },
    Area {
        name: "interpreter",
        files: &[
            "src/lang/effect.rs",
            "src/lang/evaluate.rs",
            "src/lang/event.rs",
            "src/lang/explain.rs",
            "src/lang/facts.rs",
            "src/lang/policy.rs",
            "src/lang/program.rs",
            "src/lang/windows.rs",
            "src/lang/witness.rs",
        ],
        tests: &["lang::", "trial::", "cases::", "golden::", "policies::", "laws::"],
    },
    Area {
        name: "recovery",
        files: &["src/store/**", "src/open/**", "src/open.rs"],
        tests: &[
            "store::",
            "open::",
            "torture::",
            "keeping::",
            "erasing::",
            "restoring::",
            "history::",
            "bad_store::",
            "durable::",
        ],
    },
    Area {
        name: "engine",
        files: &["src/engine/**"],
        tests: &[
            "engine::",
            "laws::",
            "golden::",
            "resuming::",
            "cases::",
            "erasing::",
            "durable::",
            "open::cold",
            "rows::",
            "simulate::",
        ],
    },
];

/// A change that may be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    area: &'static str,
    name: String,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    mutants: usize,
    seed: u64,
    area: Option<String>,
}

/// How the changes of one area, or of all, fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Score {
    noticed: u32,
    /// Noticed because tests did not end: on a busy machine, perhaps by chance.
    endless: Vec<String>,
    survived: Vec<String>,
    /// Those that do not compile say nothing.
    unviable: u32,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.noticed += other.noticed;
        self.endless.extend(other.endless);
        self.survived.extend(other.survived);
        self.unviable += other.unviable;
    }

    fn tried(&self) -> usize {
        self.noticed as usize + self.survived.len() + self.unviable as usize
    }

    fn share(&self) -> f64 {
        let viable = f64::from(self.noticed) + self.survived.len() as f64;
        if viable > 0.0 { f64::from(self.noticed) / viable } else { 1.0 }
    }
}

/// Draws changes, tries each, and says how many were noticed.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let asked = read(arguments)?;
    let name = format!("cargo-mutants{}", std::env::consts::EXE_SUFFIX);
    let program = root().join(["target", "tools", "bin", &name].iter().collect::<PathBuf>());
    let program = program.to_string_lossy().into_owned();
    if !is_installed(&program) {
        let install =
            format!("install --locked --root target/tools cargo-mutants --version {VERSION}");
        run_all(&[Step::cargo("install", &install)])?;
    }
    let candidates = candidates(&program)?;
    let drawn = draw(&candidates, &asked);
    let mut all = Score::default();
    for area in AREAS {
        let of_area = |its: &[Candidate]| -> Vec<String> {
            its.iter().filter(|it| it.area == area.name).map(|it| it.name.clone()).collect()
        };
        let drawn = of_area(&drawn);
        if drawn.is_empty() {
            continue;
        }
        let score = tried(&program, area, &of_area(&candidates), &drawn)?;
        println!("{:<12} {:>4} of {} noticed", area.name, score.noticed, drawn.len());
        all.add(score);
    }
    for endless in &all.endless {
        println!("ran on       {endless}");
    }
    for survivor in &all.survived {
        println!("survived     {survivor}");
    }
    let percent = all.share() * 100.0;
    let (noticed, unviable) = (all.noticed, all.unviable);
    let viable = noticed as usize + all.survived.len();
    println!("{noticed} of {viable} noticed, {percent:.1} %; {unviable} more do not compile");
    if all.share() < NOTICED {
        let aim = NOTICED * 100.0;
        return Err(Failure::Failed(format!("fewer than {aim:.0} % were noticed")));
    }
    Ok(())
}

fn read(arguments: &[String]) -> Result<Asked, Failure> {
    let mut asked = Asked { mutants: 300, seed: 1, area: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let usage = || Failure::Usage(format!("{USAGE}, found `{}`", arguments.join(" ")));
        let value = words.next().ok_or_else(usage)?;
        match word.as_str() {
            "--mutants" => asked.mutants = value.parse().map_err(|_| usage())?,
            "--seed" => asked.seed = value.parse().map_err(|_| usage())?,
            "--area" if AREAS.iter().any(|area| area.name == value) => {
                asked.area = Some(value.clone());
            }
            _ => return Err(usage()),
        }
    }
    Ok(asked)
}

/// All changes that there are, by area.
fn candidates(program: &str) -> Result<Vec<Candidate>, Failure> {
    let mut all = Vec::new();
    for area in AREAS {
        let mut list = called(program);
        list.args(["--list", "--package", "holdline", "--colors", "never"]);
        list.args(area.files.iter().flat_map(|file| ["--file", file]));
        list.args(["--exclude", NOT_BUILT]);
        let listed = list.output()?;
        if !listed.status.success() {
            let why = String::from_utf8_lossy(&listed.stderr).into_owned();
            return Err(Failure::Failed(format!(
                "the changes of {} cannot be listed: {why}",
                area.name
            )));
        }
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        all.extend(listed.lines().map(|it| Candidate { area: area.name, name: it.to_owned() }));
    }
    Ok(all)
}

/// As many as are asked for, each as likely as any other, in the order in which they are listed.
fn draw(all: &[Candidate], asked: &Asked) -> Vec<Candidate> {
    let is_asked = |it: &Candidate| asked.area.as_deref().is_none_or(|area| area == it.area);
    let mut random = Random::new(asked.seed);
    let mut ranked: Vec<(u64, usize, &Candidate)> = all
        .iter()
        .filter(|it| is_asked(it))
        .enumerate()
        .map(|(place, it)| (random.bits(), place, it))
        .collect();
    ranked.sort_by_key(|(rank, place, _)| (*rank, *place));
    ranked.truncate(asked.mutants);
    ranked.sort_by_key(|(_, place, _)| *place);
    ranked.into_iter().map(|(_, _, it)| it.clone()).collect()
}

/// Tries those of an area's changes that were drawn.
fn tried(program: &str, area: &Area, all: &[String], drawn: &[String]) -> Result<Score, Failure> {
    let out = root().join("target").join("mutants").join(area.name);
    let found = out.join("mutants.out");
    if found.exists() {
        std::fs::remove_dir_all(&found)?;
    }
    std::fs::create_dir_all(&found)?;
    std::fs::write(found.join("previously_caught.txt"), left_out(all, drawn))?;
    let mut run = called(program);
    run.args(area.files.iter().flat_map(|file| ["--file", file]));
    run.args(["--exclude", NOT_BUILT]);
    run.arg("--iterate").arg("--output").arg(&out);
    run.args(["--package", "holdline", "--profile", "mutants", "--cap-lints", "true"]);
    run.args(["--minimum-test-timeout", "60", "--colors", "never"]);
    run.args(["--", "--lib", "--test", "it", "--"]).args(area.tests);
    eprintln!("\n{}: {} changes", area.name, drawn.len());
    // It answers with an error if any survives; what came out is read from what it leaves.
    let ended = run.status()?;
    let outcomes = found.join("outcomes.json");
    let outcomes = std::fs::read_to_string(&outcomes).map_err(|error| {
        Failure::Failed(format!("{} cannot be read ({ended}): {error}", outcomes.display()))
    })?;
    let not_tried =
        || Failure::Failed(format!("the changes of {} were not all tried: {ended}", area.name));
    score(&outcomes).filter(|score| score.tried() == drawn.len()).ok_or_else(not_tried)
}

/// What is not drawn, as cargo-mutants keeps what earlier runs have caught and need not be tried.
/// Its patterns for names do not reach all kinds of changes.
fn left_out(all: &[String], drawn: &[String]) -> String {
    let drawn: BTreeSet<&String> = drawn.iter().collect();
    all.iter().filter(|it| !drawn.contains(it)).map(|it| format!("{it}\n")).collect()
}

/// What cargo-mutants says came out.
fn score(outcomes: &str) -> Option<Score> {
    let outcomes: Value = serde_json::from_str(outcomes).ok()?;
    let mut score = Score::default();
    for outcome in outcomes.get("outcomes")?.as_array()? {
        let name = outcome.pointer("/scenario/Mutant/name").and_then(Value::as_str);
        let Some(name) = name else {
            continue;
        };
        match outcome.get("summary")?.as_str()? {
            "CaughtMutant" => score.noticed += 1,
            // Tests that do not end are as loud as tests that fail.
            "Timeout" => {
                score.noticed += 1;
                score.endless.push(name.to_owned());
            }
            "MissedMutant" => score.survived.push(name.to_owned()),
            "Unviable" => score.unviable += 1,
            _ => return None,
        }
    }
    Some(score)
}

fn called(program: &str) -> Command {
    let mut call = command(program);
    // One directory for what is built: most of it is the same for each change, and for each area.
    let built = root().join("target").join("mutants").join("build");
    call.arg("mutants").env("HOLDLINE_CASES", "8").env("CARGO_TARGET_DIR", built);
    call
}

fn is_installed(program: &str) -> bool {
    command(program).args(["mutants", "--version"]).output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-mutants {VERSION}")
    })
}

#[cfg(test)]
mod tests {
    use super::{AREAS, Asked, Candidate, Score, draw, left_out, read, score};
    use crate::Failure;
    use crate::step::root;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn how_many_from_which_seed_and_where_may_be_said() {
        let area = Some("plan".to_owned());
        let said = read(&words("--mutants 20 --seed 9 --area plan")).unwrap();
        assert_eq!(said, Asked { mutants: 20, seed: 9, area });
        assert_eq!(read(&[]).unwrap(), Asked { mutants: 300, seed: 1, area: None });
        for wrong in ["--mutants", "--mutants many", "--area moon", "--sead 1", "300"] {
            assert!(matches!(read(&words(wrong)), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_others() {
        let named = |it| Candidate { area: "plan", name: format!("{it:03}") };
        let all: Vec<_> = (0..1000).map(named).collect();
        let drawn = |seed, mutants| draw(&all, &Asked { mutants, seed, area: None });
        assert_eq!(drawn(1, 30), drawn(1, 30));
        assert_ne!(drawn(1, 30), drawn(2, 30));
        assert!(drawn(1, 30).is_sorted() && drawn(1, 30).len() == 30);
        assert_eq!(drawn(1, 5000), all);
    }

    #[test]
    fn an_area_has_files() {
        for file in AREAS.iter().flat_map(|area| area.files) {
            let path = root().join(file.trim_end_matches("/**"));
            assert!(path.exists(), "{file}");
        }
    }

    #[test]
    fn what_is_not_drawn_is_left_out() {
        let all = ["a: delete field x", "b", "c"].map(str::to_owned);
        assert_eq!(left_out(&all, &all[1..2]), "a: delete field x\nc\n");
    }

    #[test]
    fn what_came_out_is_counted() {
        let of = |name: &str, summary: &str| {
            format!(r#"{{"scenario":{{"Mutant":{{"name":"{name}"}}}},"summary":"{summary}"}}"#)
        };
        let all = [
            r#"{"scenario":"Baseline","summary":"Success"}"#.to_owned(),
            of("a", "CaughtMutant"),
            of("b", "Timeout"),
            of("c", "MissedMutant"),
            of("d", "Unviable"),
        ];
        let found = score(&format!(r#"{{"outcomes":[{}]}}"#, all.join(","))).unwrap();
        let expected = Score {
            noticed: 2,
            endless: vec!["b".to_owned()],
            survived: vec!["c".to_owned()],
            unviable: 1,
        };
        assert_eq!(found, expected);
        assert_eq!(found.tried(), 4);
        assert!((found.share() - 2.0 / 3.0).abs() < 1e-9);
        let baseline = r#"{"outcomes":[{"scenario":"Baseline","summary":"Failure"}]}"#;
        assert_eq!(score(baseline).map(|it| it.tried()), Some(0));
    }
}
