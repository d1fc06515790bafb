//! `holdline test`: the tests inside rules files, and how much of the rules they show.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use holdline::lang::{Diagnostic, render};
use holdline::model::PolicyBundle;
use holdline::trial::{Coverage, TestResult, Trial};
use serde_json::json;

use crate::args::{Format, Test};
use crate::exit::{Exit, Failure};
use crate::layout::{count, counted, cut, left};
use crate::screen::{BAD, FAINT, GOOD, STRONG, styled};
use crate::{junit, rules, screen};

/// One test that was run, and how long it took.
pub struct Ran {
    /// What became of it.
    pub result: TestResult,
    /// How long it took.
    pub took: Duration,
}

/// One rules file that was tried.
pub struct Tried {
    /// As messages call it.
    pub name: String,
    bundle: PolicyBundle,
    /// Its tests; none if it does not compile.
    pub ran: Vec<Ran>,
    coverage: Option<Coverage>,
    /// Why it does not compile.
    pub errors: Vec<Diagnostic>,
}

impl Tried {
    /// How many of its tests failed.
    pub fn failed(&self) -> usize {
        self.ran.iter().filter(|ran| !ran.result.passed()).count()
    }
}

/// Runs the tests of every file.
pub fn test(args: &Test) -> Result<Exit, Failure> {
    let started = Instant::now();
    let human = args.output.format == Format::Human;
    let files = rules::policies(&args.paths)?;
    if files.is_empty() {
        let nothing = rules::nothing_in(&args.paths);
        return Err(nothing.help("a policy is a `.rules` file with a `policy` line"));
    }
    let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let wide = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(60);
    let mut all = Vec::new();
    for (path, name) in files.iter().zip(&names) {
        let tried = run(rules::read(path, name.clone())?, name, args.filter.as_deref());
        if human {
            screen::print(&row(&tried, wide))?;
        }
        all.push(tried);
    }
    if let Some(path) = &args.junit {
        junit::write(path, &all)?;
    }
    if human {
        screen::print(&summary(&all, args, started.elapsed()))?;
    } else {
        screen::print_json(&as_json(&all, args))?;
    }
    Ok(exit(&all, args))
}

fn exit(all: &[Tried], args: &Test) -> Exit {
    let below = |tried: &Tried| is_below(tried.coverage.as_ref(), args);
    if all.iter().any(|tried| !tried.errors.is_empty()) {
        Exit::BadRules
    } else if all.iter().any(|tried| tried.failed() > 0 || below(tried)) {
        Exit::Findings
    } else {
        Exit::Fine
    }
}

fn is_below(coverage: Option<&Coverage>, args: &Test) -> bool {
    let least = args.threshold.unwrap_or(0);
    coverage.is_some_and(|coverage| coverage.percent() < least)
}

/// Runs the tests of one policy whose names have the filter in them.
fn run(bundle: PolicyBundle, name: &str, filter: Option<&str>) -> Tried {
    let mut tried = Tried {
        name: name.to_owned(),
        bundle,
        ran: Vec::new(),
        coverage: None,
        errors: Vec::new(),
    };
    let mut trial = match Trial::of(&tried.bundle) {
        Ok(trial) => trial,
        Err(errors) => {
            tried.errors = errors;
            return tried;
        }
    };
    for (number, test) in trial.tests().iter().enumerate() {
        if filter.is_some_and(|filter| !test.name.contains(filter)) {
            continue;
        }
        let started = Instant::now();
        let result = trial.run(number);
        let took = started.elapsed();
        tried.ran.extend(result.map(|result| Ran { result, took }));
    }
    tried.coverage = Some(trial.coverage());
    tried
}

/// The end of a long name: there the file is told from others.
fn tail(name: &str, width: usize) -> String {
    let over = name.chars().count().saturating_sub(width);
    if over == 0 {
        return name.to_owned();
    }
    let end: String = name.chars().skip(over + 1).collect();
    format!("…{end}")
}

/// A file, a mark for each of its tests, and how many they are.
fn row(tried: &Tried, wide: usize) -> String {
    let name = left(&tail(&tried.name, wide), wide);
    if !tried.errors.is_empty() {
        return format!("{name}  {}\n", styled(BAD, "does not compile"));
    }
    let (tests, failed) = (tried.ran.len(), tried.failed());
    let mut tally = counted(tests as u64, "test", "tests");
    if failed > 0 {
        let _ = write!(tally, ", {}", styled(BAD, format_args!("{failed} failed")));
    }
    let room = screen::width().saturating_sub(wide + 4);
    let mut out = String::new();
    for (at, row) in tried.ran.chunks(room.max(20)).enumerate() {
        let begin = if at == 0 { name.clone() } else { " ".repeat(wide) };
        let mark = |ran: &Ran| match ran.result.passed() {
            true => styled(GOOD, "."),
            false => styled(BAD, "F"),
        };
        let marks: String = row.iter().map(mark).collect();
        let _ = writeln!(out, "{begin}  {marks}");
    }
    // The tally goes behind the marks where there is room.
    let last = tests % room.max(20);
    let behind = last > 0 && last + 2 + 24 <= room;
    if behind {
        out.pop();
        let _ = writeln!(out, "  {tally}");
    } else {
        let begin = if tests == 0 { name } else { " ".repeat(wide) };
        let _ = writeln!(out, "{begin}  {tally}");
    }
    out
}

/// What failed, the coverage if asked, and the counts.
fn summary(all: &[Tried], args: &Test, took: Duration) -> String {
    let mut out = String::new();
    for tried in all {
        let failures = tried.ran.iter().filter(|ran| !ran.result.passed());
        for Ran { result, .. } in failures {
            let at = format!("{}:{}", result.test.file, result.test.line);
            let head = styled(BAD, "failed");
            let name = styled(STRONG, &result.test.name);
            let _ = writeln!(out, "\n{head}  {name}  {}", styled(FAINT, at));
            out.push_str(&render(&result.failures, &tried.bundle, true));
        }
        if !tried.errors.is_empty() {
            out.push('\n');
            out.push_str(&render(&tried.errors, &tried.bundle, true));
        }
    }
    if args.coverage || args.threshold.is_some() {
        out.push_str(&coverage(all, args));
    }
    let tests: usize = all.iter().map(|tried| tried.ran.len()).sum();
    let failed: usize = all.iter().map(Tried::failed).sum();
    let broken = all.iter().filter(|tried| !tried.errors.is_empty()).count();
    let mut tally = match (tests, failed) {
        (0, _) => "no tests".to_owned(),
        (_, 0) => styled(GOOD, format_args!("{} passed", counted(tests as u64, "test", "tests"))),
        _ => {
            let of = counted(tests as u64, "test", "tests");
            styled(BAD, format_args!("{failed} of {of} failed"))
        }
    };
    let _ = write!(tally, " in {}", counted(all.len() as u64, "file", "files"));
    if broken > 0 {
        let broken = counted(broken as u64, "file does", "files do");
        let _ = write!(tally, "; {}", styled(BAD, format_args!("{broken} not compile")));
    }
    let _ = writeln!(out, "\n{tally}   {:.2} s", took.as_secs_f64());
    out
}

/// How much of each file's rules was shown, and what is missing, by its place.
fn coverage(all: &[Tried], args: &Test) -> String {
    let width = screen::width();
    let mut out = String::new();
    for tried in all {
        let Some(coverage) = &tried.coverage else {
            continue;
        };
        let percent = format!("{}%", coverage.percent());
        let style = if is_below(Some(coverage), args) { BAD } else { STRONG };
        let rules = counted(coverage.rules.len() as u64, "rule", "rules");
        let fired = coverage.rules.iter().filter(|rule| rule.fired).count();
        let (shown, of) = (count(u64::from(coverage.shown)), count(u64::from(coverage.of)));
        let _ = write!(out, "\ncoverage of {}  {}", tried.name, styled(style, percent));
        let _ = write!(out, "   {shown} of {of} shown   {fired} of {rules} fired");
        if let Some(least) = args.threshold.filter(|_| is_below(Some(coverage), args)) {
            let _ = write!(out, "   {}", styled(BAD, format_args!("below {least}%")));
        }
        out.push('\n');
        for gap in coverage.rules.iter().flat_map(|rule| &rule.missing) {
            let line = format!("  {}:{}  {}", gap.file, gap.line, gap.what);
            out.push_str(&cut(&line, width));
            out.push('\n');
        }
    }
    out
}

fn as_json(all: &[Tried], args: &Test) -> serde_json::Value {
    let wanted = args.coverage || args.threshold.is_some();
    let file = |tried: &Tried| {
        let tests: Vec<_> = tried
            .ran
            .iter()
            .map(|Ran { result, took }| {
                let seconds = took.as_secs_f64();
                json!({
                    "name": result.test.name, "file": result.test.file, "line": result.test.line,
                    "passed": result.passed(), "seconds": seconds, "failures": result.failures,
                })
            })
            .collect();
        let coverage = tried.coverage.as_ref().filter(|_| wanted).map(|coverage| {
            json!({
                "percent": coverage.percent(), "shown": coverage.shown, "of": coverage.of,
                "rules": coverage.rules,
            })
        });
        json!({
            "file": tried.name, "tests": tests, "errors": tried.errors, "coverage": coverage,
        })
    };
    let tests: usize = all.iter().map(|tried| tried.ran.len()).sum();
    let failed: usize = all.iter().map(Tried::failed).sum();
    let files: Vec<_> = all.iter().map(file).collect();
    json!({ "passed": tests - failed, "failed": failed, "files": files })
}
