//! `holdline bench`: how fast the engine is on this machine and this disk, beside what bounds it,
//! and against what is aimed at.

mod beside;
mod enrol;
mod ground;
mod ingest;
mod measured;
mod opening;
mod pauses;
mod picture;
mod sends;
mod sweep;
mod table;
mod together;

use std::fs::{self, OpenOptions};
use std::path::Path;

use serde_json::{Map, Value as Json};

use self::ground::{Ground, say};
use self::measured::{CEILING_PER_SECOND, Measured};
use self::sweep::Point;
use crate::args::{Bench, Workload};
use crate::exit::{Exit, Failure};
use crate::layout::{bytes, clean, count, counted, flow};
use crate::progress::Progress;
use crate::screen::{self, width};

/// What the targets are for.
const AIMED_AT: u32 = 1_000_000;

/// Runs the workloads, and says what came of them.
pub fn bench(args: &Bench) -> Result<Exit, Failure> {
    if let Some(dir) = &args.opens {
        return opening::be_the_process(dir);
    }
    if let Some(path) = &args.plot {
        // Minutes later is too late to learn that it cannot be written.
        let probe = OpenOptions::new().create(true).append(true).open(path);
        probe.map_err(|error| Failure::file(path.display(), &error))?;
    }
    let ground = Ground::prepare(args)?;
    let about = about(&ground, &args.data);
    if !args.json {
        screen::print(&flow(&about, 0, width()))?;
    }
    let mut all = Vec::new();
    let points = measure(args, &ground, &mut all)?;
    if ground.stop.is_asked() {
        return Ok(ground.stop.told("the measurement was broken off, and its directory removed"));
    }
    judge(&mut all);
    if let Some(path) = &args.plot {
        picture::write(path, &picture::draw(&points, &about)?)?;
    }
    if args.json {
        return print_json(&ground, &all, &points);
    }
    let mut out = format!("\n{}\n", table::results(&all, width()));
    out += &table::targets(&all, width());
    if ground.prospects < AIMED_AT {
        let (aimed, found) = (count(AIMED_AT.into()), count(ground.prospects.into()));
        out += &table::note(&format!("the targets are for {aimed} prospects; here are {found}"));
    }
    out += &format!("\n{}", table::checks(&all, width()));
    if !points.is_empty() {
        out += &format!("\n{}", table::loads(&points, width()));
    }
    screen::print(&out)?;
    Ok(Exit::Fine)
}

fn measure(args: &Bench, ground: &Ground, all: &mut Vec<Measured>) -> Result<Vec<Point>, Failure> {
    let mut progress = Progress::start();
    let named = |workload| args.only.is_empty() || args.only.contains(&workload);
    say(&mut progress, "W2");
    // All others begin with what it leaves.
    let base = enrol::enrol(ground)?;
    let goes_on = || !ground.stop.is_asked();
    let mut rate = 0.0;
    if args.runs(Workload::Ingest) && goes_on() {
        say(&mut progress, "the ceiling");
        let ceiling = ingest::ceiling(ground)?;
        let reached = ceiling.per_second().unwrap_or(0.0);
        all.push(ceiling);
        if goes_on() {
            say(&mut progress, "W1");
            let measured = ingest::ingest(ground, &base.path, reached)?;
            rate = measured.per_second().unwrap_or(0.0);
            all.push(measured);
        }
    }
    if named(Workload::Enrol) {
        all.push(base.measured.clone());
    }
    for workload in Workload::ALL.into_iter().filter(|it| named(*it)) {
        if !goes_on() {
            break;
        }
        match workload {
            Workload::Ingest | Workload::Enrol => {}
            Workload::Send => {
                say(&mut progress, "W3");
                all.push(sends::send(ground, &base.path)?);
            }
            Workload::Pause => {
                say(&mut progress, "W4");
                all.push(pauses::pause(ground, &base.path, rate)?);
            }
            Workload::Open => {
                say(&mut progress, "W5");
                all.push(opening::open(ground, &base)?);
            }
            Workload::Together => {
                say(&mut progress, "W6");
                all.push(together::together(ground, &base.path, rate)?);
            }
        }
    }
    if args.plot.is_some() && goes_on() {
        say(&mut progress, "loads");
        return sweep::sweep(ground, &base.path, rate);
    }
    Ok(Vec::new())
}

/// Figures that are no ratios hold where the ceiling is reached, and say nothing where it is not.
fn judge(all: &mut [Measured]) {
    let ceiling = all.iter().find(|it| it.name == "ceiling").and_then(Measured::per_second);
    if !ceiling.is_some_and(|reached| reached < CEILING_PER_SECOND) {
        return;
    }
    for target in all.iter_mut().flat_map(|it| &mut it.targets) {
        let is_absolute = !target.unit.is_empty() && target.unit != "B";
        if is_absolute && !target.is_met() {
            target.unjudged = Some("the ceiling is below 680,000 /s here");
        }
    }
}

/// What it is measured with: the machine, the disk, the settings.
fn about(ground: &Ground, data: &Path) -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut about = vec![counted(cores as u64, "core", "cores")];
    about.extend(memory().map(bytes));
    about.extend(file_system(data).map(|kind| format!("on {kind}")));
    about.extend([
        format!("durability {}", ground.durability),
        "groups of 1,000, 4 in flight".to_owned(),
        counted(ground.prospects.into(), "prospect", "prospects"),
        format!("seed {}", ground.seed),
        format!("policy {} ({})", policy(ground), counted(ground.rules as u64, "rule", "rules")),
        format!("holdline {}", env!("CARGO_PKG_VERSION")),
    ]);
    if cfg!(debug_assertions) {
        about.push("a debug build: its figures say nothing".to_owned());
    }
    about
}

fn policy(ground: &Ground) -> String {
    ground.policy.files.first().map_or_else(String::new, |file| clean(&file.name))
}

fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// The kind of the file system that a directory is on, such as `ext4`.
fn file_system(dir: &Path) -> Option<String> {
    let dir = fs::canonicalize(dir).ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let holds = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (at, kind) = (words.next()?, words.next()?);
        dir.starts_with(at).then_some((at.len(), kind))
    });
    // The innermost; of several at one place, the last one covers the others.
    holds.max_by_key(|(length, _)| *length).map(|(_, kind)| clean(kind))
}

fn print_json(ground: &Ground, all: &[Measured], points: &[Point]) -> Result<Exit, Failure> {
    for measured in all {
        let mut out: Map<String, Json> = measured.json();
        out.insert("prospects".to_owned(), ground.prospects.into());
        out.insert("seed".to_owned(), ground.seed.into());
        out.insert("durability".to_owned(), ground.durability.to_string().into());
        out.insert("policy".to_owned(), policy(ground).into());
        screen::print_json(&out)?;
    }
    for point in points {
        screen::print_json(&point.json())?;
    }
    Ok(Exit::Fine)
}
