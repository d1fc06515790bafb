//! The verbs, a file each, and what several of them begin with.

mod agenda;
mod apply;
mod backup;
mod bench;
mod check;
mod compact;
mod completions;
mod digest;
mod eval;
mod explain;
mod export;
mod fmt;
mod forget;
mod history;
mod import;
mod list;
mod lsp;
mod new;
mod order;
mod pause;
mod repair;
mod reschedule;
mod resend;
mod restore;
mod resume;
mod run;
mod stats;
pub mod test;
mod timeline;
mod verify;

use holdline::engine::{Engine, Snapshot, View};
use holdline::{Action, Command};

use crate::args::{Data, Verb};
use crate::exit::{Exit, Failure};
use crate::open;

/// Runs a verb.
pub fn run(verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Run(args) => run::run(args),
        Verb::Apply(args) => apply::apply(&args),
        Verb::List(args) => list::list(args),
        Verb::Timeline(args) => timeline::timeline(&args),
        Verb::Explain(args) => explain::explain(&args),
        Verb::Agenda(args) => agenda::agenda(&args),
        Verb::Pause(args) => pause::pause(args),
        Verb::Resume(args) => resume::resume(args),
        Verb::Reschedule(args) => reschedule::reschedule(args),
        Verb::Resend(args) => resend::resend(args),
        Verb::Forget(args) => forget::forget(args),
        Verb::Eval(args) => eval::eval(&args),
        Verb::Check(args) => check::check(&args),
        Verb::Test(args) => test::test(&args),
        Verb::Lsp(_) => lsp::lsp(),
        Verb::Fmt(args) => fmt::fmt(&args),
        Verb::New(args) => new::new(&args),
        Verb::History(args) => history::history(&args),
        Verb::Export(args) => export::export(&args),
        Verb::Import(args) => import::import(&args),
        Verb::Stats(args) => stats::stats(&args),
        Verb::Backup(args) => backup::backup(&args),
        Verb::Restore(args) => restore::restore(&args),
        Verb::Verify(args) => verify::verify(&args),
        Verb::Repair(args) => repair::repair(&args),
        Verb::Compact(args) => compact::compact(&args),
        Verb::Digest(args) => digest::digest(&args),
        Verb::Bench(args) => bench::bench(&args),
        Verb::Completions(args) => completions::completions(&args),
    }
}

/// The data a verb reads: opened, pictured and closed again before anything is shown.
fn read(data: &Data) -> Result<Snapshot, Failure> {
    let engine = open::existing(&data.data)?;
    let snapshot = engine.snapshot()?;
    close(engine)?;
    Ok(snapshot)
}

/// The workspace that was asked for.
fn view<'a>(snapshot: &'a Snapshot, data: &Data) -> Result<View<'a>, Failure> {
    snapshot.view(&data.workspace).ok_or_else(|| {
        let dir = data.data.display();
        let message = format_args!("there is no workspace `{}` in `{dir}`", data.workspace);
        Failure::input(message).help("the first command that names a workspace makes it")
    })
}

/// Lets commands pass until nothing is left to be planned anew.
fn plan_the_rest(engine: &Engine) -> Result<(), Failure> {
    /// Commands between two looks at whether that is so.
    const BATCH: usize = 500;
    loop {
        let snapshot = engine.snapshot()?;
        let unfinished = snapshot.workspaces().find_map(|name| {
            let view = snapshot.view(name)?;
            (view.still_to_plan() > 0).then(|| (name.to_owned(), view.now()))
        });
        let Some((name, now)) = unfinished else {
            return Ok(());
        };
        let advance = Command::new(now, Action::Advance).workspace(name);
        engine.apply_batch(vec![advance; BATCH])?;
    }
}

/// Ends the engine. What was acknowledged is safe also where this fails.
fn close(engine: Engine) -> Result<(), Failure> {
    plan_the_rest(&engine)?;
    Ok(engine.close()?)
}

/// A prospect that is not there, with those that may be meant.
fn unknown_prospect(view: &View<'_>, key: &str) -> Failure {
    let failure = Failure::input(format_args!("unknown prospect `{key}`"));
    // What is left of the address when its domain or its name was mistyped.
    let (name, domain) = key.split_once('@').unwrap_or((key, ""));
    let parts = [key, name, domain].into_iter().filter(|part| part.chars().count() >= 2);
    let mut near: Vec<String> = Vec::new();
    for part in parts {
        near.extend(
            view.find(part, 3).into_iter().filter(|it| !near.contains(it)).collect::<Vec<_>>(),
        );
    }
    near.truncate(3);
    if near.is_empty() {
        return failure.help("`holdline list --search TEXT` finds prospects");
    }
    let near: Vec<String> = near.iter().map(|key| format!("`{key}`")).collect();
    failure.help(format_args!("did you mean {}?", near.join(" or ")))
}
