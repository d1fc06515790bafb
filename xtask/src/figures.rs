//! First figures of the engine on this machine: enrolments and events a second, bytes each, beside
//! a bare append and sync of as many bytes in the same run.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant as Clock;

use holdline::model::{Delay, StepTiming};
use holdline::store::Store;
use holdline::{
    Action, Campaign, Command, Engine, Event, Instant, Options, Policy, Prospect, Sender, Step,
};

use crate::Failure;

/// Commands of one group.
const GROUP: usize = 1_000;
/// Groups that callers keep in flight.
const IN_FLIGHT: usize = 4;
/// The seed of the mix of events.
const SEED: u64 = 42;
const COMPANIES_PER_PROSPECT: usize = 20;
const CAMPAIGNS: usize = 20;
const SENDERS: usize = 100;

/// How this program is called to open a store and say how much memory that took.
const RESIDENT: &str = "--resident";

/// `figures [PROSPECTS [EVENTS]]`; `figures --resident DIR` is what it starts.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let failed = |error: Box<dyn std::error::Error>| Failure::Failed(error.to_string());
    if let [flag, dir] = arguments
        && flag == RESIDENT
    {
        return print_resident(Path::new(dir)).map_err(failed);
    }
    let number = |at: usize, default: usize| match arguments.get(at) {
        None => Ok(default),
        Some(text) => {
            text.parse().map_err(|_| Failure::Usage(format!("expected a number, found `{text}`")))
        }
    };
    let (prospects, events) = (number(0, 100_000)?, number(1, 1_000_000)?);
    measure(prospects, events).map_err(failed)
}

fn measure(prospects: usize, events: usize) -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir_in("target")?;
    let data = dir.path().join("data");
    println!(
        "durability full; groups of {GROUP}, {IN_FLIGHT} in flight; seed {SEED}; \
         {prospects} prospects, {CAMPAIGNS} campaigns of 5 steps, {SENDERS} senders; \
         {events} events"
    );
    let engine = Engine::open(&data, Options::default())?;
    let start: Instant = "2026-03-02T08:00:00Z".parse()?;
    engine.put_policy(start, Policy::default_rules())?;
    engine.apply_batch(set_up(start))?;
    let people = (0..prospects).map(|it| Command::new(start, Action::PutProspect(prospect(it))));
    timed(&engine, "put-prospect", people.collect())?;
    let enrolments = (0..prospects).map(|it| enroll(start, it));
    let enrolled = timed(&engine, "enroll", enrolments.collect())?;
    let began = Clock::now();
    engine.close()?;
    println!("close            {:>8.2} s, with a checkpoint", began.elapsed().as_secs_f64());
    print_sizes(&data, prospects)?;

    let began = Clock::now();
    let engine = Engine::open(&data, Options::default())?;
    println!("open, clean      {:>8.2} s", began.elapsed().as_secs_f64());
    let written = size(&data.join("journal"))?;
    let mixed = timed(&engine, "mixed events", mix(start, prospects, events, SEED))?;
    engine.close()?;
    let groups = events.div_ceil(GROUP);
    let group_bytes = (size(&data.join("journal"))? - written) / groups as u64;
    compress(&data)?;
    let bare = bare_append(dir.path(), group_bytes, groups)?;
    println!("append and sync  {bare:>8.0} groups a second of {group_bytes} B, bare");
    for (what, rate) in [("enroll", enrolled), ("mixed events", mixed)] {
        println!("{what:<16} {:>8.2} of the bare append", rate / GROUP as f64 / bare);
    }
    Ok(())
}

/// Compresses the whole journal, and reads it before and after.
fn compress(data: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::default();
    // An opening is journaled: so whatever there is has a segment behind it.
    options.segment_bytes = 1;
    Engine::open(data, options)?.close()?;
    let mut store = Store::open(data, options)?;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let began = Clock::now();
    store.journal.verify()?;
    let plain_read = began.elapsed().as_secs_f64();
    let archivist = store.journal.archivist();
    let (began, mut plain, mut packed) = (Clock::now(), 0, 0);
    while let Some(done) = archivist.compress_one(u64::MAX)? {
        plain += done.plain_bytes;
        packed += done.packed_bytes;
    }
    let took = began.elapsed().as_secs_f64();
    let began = Clock::now();
    store.journal.verify()?;
    let packed_read = began.elapsed().as_secs_f64();
    println!(
        "compressed       {:>8.2} to 1, {:.1} MiB to {:.1} MiB; written and read back with {:.0} \
         MiB a second; read with {:.0}, before with {:.0} MiB a second",
        plain as f64 / packed as f64,
        mib(plain),
        mib(packed),
        mib(plain) / took,
        mib(plain) / packed_read,
        mib(plain) / plain_read
    );
    Ok(())
}

fn print_sizes(data: &Path, prospects: usize) -> Result<(), Box<dyn std::error::Error>> {
    let out = std::process::Command::new(std::env::current_exe()?)
        .args(["figures", RESIDENT])
        .arg(data)
        .output()?;
    let resident: u64 = String::from_utf8_lossy(&out.stdout).trim().parse()?;
    let per = |bytes: u64| bytes as f64 / prospects as f64;
    println!("memory           {:>8.0} B an enrolled prospect (target 160)", per(resident));
    let (sled, journal) = (size(&data.join("sled"))?, size(&data.join("journal"))?);
    println!("sled             {:>8.0} B an enrolled prospect (target 120)", per(sled));
    println!("journal          {:>8.0} B an enrolled prospect", per(journal));
    Ok(())
}

/// Opens a store in a fresh process, and prints by how many bytes that made it grow.
fn print_resident(data: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let before = resident_bytes();
    let mut options = Options::default();
    options.cache_bytes = 1 << 20;
    let engine = Engine::open(data, options)?;
    println!("{}", resident_bytes().saturating_sub(before));
    engine.close()?;
    Ok(())
}

/// Applies the commands in groups, several in flight, and prints and returns how many a second.
pub(crate) fn timed(
    engine: &Engine,
    what: &str,
    commands: Vec<Command>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let count = commands.len();
    let groups: Vec<Vec<Command>> = commands.chunks(GROUP).map(<[Command]>::to_vec).collect();
    let groups: Vec<_> =
        groups.into_iter().map(|group| std::sync::Mutex::new(Some(group))).collect();
    let next = AtomicUsize::new(0);
    let refused = AtomicUsize::new(0);
    let began = Clock::now();
    std::thread::scope(|scope| {
        let caller = || {
            while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                let group = group.lock().ok().and_then(|mut group| group.take());
                let outcomes = engine.apply_batch(group.unwrap_or_default())?;
                let bad = outcomes.iter().filter(|outcome| outcome.refusal().is_some()).count();
                refused.fetch_add(bad, Ordering::Relaxed);
            }
            Ok::<(), holdline::EngineError>(())
        };
        let callers: Vec<_> = (0..IN_FLIGHT).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
    })?;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    println!("{what:<16} {rate:>8.0} a second");
    match refused.into_inner() {
        0 => Ok(rate),
        refused => Err(format!("{refused} of {count} were refused").into()),
    }
}

pub(crate) fn set_up(at: Instant) -> Vec<Command> {
    let sender = |it: usize| format!("sender-{it}@ours.example");
    let mut commands: Vec<Command> = (0..SENDERS)
        .map(|it| {
            let limit_per_day = Some(1_000);
            let sender = Sender { key: sender(it), limit_per_day, ..Sender::default() };
            Command::new(at, Action::PutSender(sender))
        })
        .collect();
    let step = |days: u32| Step {
        name: format!("after {days} days"),
        timing: StepTiming {
            delay: Delay::Days(days),
            weekdays: holdline::model::Weekdays::WORKING,
            hours: holdline::model::Hours::new(9 * 60, 17 * 60).unwrap_or_default(),
            jitter_ms: 3_600_000,
        },
    };
    commands.extend((0..CAMPAIGNS).map(|it| {
        let senders = (0..SENDERS).filter(|sender| sender % CAMPAIGNS == it % SENDERS);
        let campaign = Campaign {
            key: format!("campaign-{it}"),
            steps: [0, 3, 4, 7, 14].map(step).to_vec(),
            senders: senders.map(sender).collect(),
            ..Campaign::default()
        };
        Command::new(at, Action::PutCampaign(campaign))
    }));
    commands
}

pub(crate) fn key(prospect: usize) -> String {
    format!("person-{prospect}@company-{}.example", prospect / COMPANIES_PER_PROSPECT)
}

pub(crate) fn prospect(it: usize) -> Prospect {
    Prospect { key: key(it), zone: Some("Europe/Berlin".to_owned()), ..Prospect::default() }
}

pub(crate) fn enroll(at: Instant, it: usize) -> Command {
    let campaign = format!("campaign-{}", it % CAMPAIGNS);
    Command::new(at, Action::Enroll { campaign, prospect: key(it) })
}

/// 55 % opens, 20 % clicks, 10 % replies of which 3 % out of office, 6 % bounces, 4 % marks,
/// 3 % opt-outs, 2 % others.
pub(crate) fn mix(at: Instant, prospects: usize, events: usize, seed: u64) -> Vec<Command> {
    let mut random = seed;
    let mut next = move |below: u64| {
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    };
    let event = |number: usize| {
        let prospect = key(usize::try_from(next(prospects as u64)).unwrap_or(0));
        let id = format!("{:016x}", next(u64::MAX));
        let of = |kind: &str| Event::new(kind, id.clone()).source("mail").prospect(&*prospect);
        let event = match next(100) {
            0..55 => of("open"),
            55..75 => of("click").with("url", "https://ours.example/a"),
            75..85 if next(100) < 3 => of("reply").with("kind", "out-of-office"),
            75..85 => of("reply").with("kind", "human"),
            85..91 => of("bounce").with("class", "soft"),
            91..95 => of("mark").with("as", "interested").with("scope", "prospect"),
            95..98 => of("opt-out"),
            _ => of("inbound"),
        };
        let at = at.plus_ms(i64::try_from(number / GROUP).unwrap_or(0) * 1_000);
        Command::new(at, Action::Record(event))
    };
    (0..events).map(event).collect()
}

fn bare_append(dir: &Path, bytes: u64, groups: usize) -> std::io::Result<f64> {
    let mut file = File::create(dir.join("bare"))?;
    let group = vec![7; usize::try_from(bytes).unwrap_or(0)];
    let began = Clock::now();
    for _ in 0..groups {
        file.write_all(&group)?;
        file.sync_data()?;
    }
    Ok(groups as f64 / began.elapsed().as_secs_f64())
}

pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

pub(crate) fn size(path: &Path) -> std::io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let about = entry.metadata()?;
        total += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(total)
}
