//! `holdline history`: what a store was told, the oldest first.

use std::thread;
use std::time::Duration;

use holdline::engine::DEFAULT_WORKSPACE;
use holdline::json::{command_name, write_command};
use holdline::model::{Action, Command, Instant};
use holdline::plan::Zone;
use holdline::{History, OpenError};

use crate::about::{About, Companies};
use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::{clean, counted, cut, left, right};
use crate::screen::{FAINT, STRONG, is_watched, styled, tell, width};
use crate::stop::Stop;
use crate::{moment, open, screen};

/// How long nothing has to come until it is looked for again.
const PAUSE: Duration = Duration::from_millis(200);
/// So much is written at once.
const CHUNK: usize = 1 << 16;

/// Shows the history.
pub fn history(args: &args::History) -> Result<Exit, Failure> {
    open::must_be_there(&args.data)?;
    let failed = |error: OpenError| Failure::store(&error).help(error.help());
    let mut history = History::open(&args.data, 0).map_err(failed)?;
    let mut wanted = Wanted::of(args)?;
    let limit = args.limit.unwrap_or(u64::MAX);
    let (mut shown, mut out) = (0, String::new());
    let width = width();
    let stop = if args.follow { Stop::listen()? } else { Stop::default() };
    while shown < limit && !stop.is_asked() {
        match history.next() {
            Some(Err(error)) => {
                screen::print(&out)?;
                return Err(failed(error));
            }
            Some(Ok((sequence, command))) => {
                if wanted.takes(&command) {
                    shown += 1;
                    out += &if args.shape.is_json() {
                        json(sequence, &command)
                    } else {
                        line(sequence, &command, width)
                    };
                }
                if out.len() >= CHUNK {
                    screen::print(&std::mem::take(&mut out))?;
                }
            }
            None => {
                screen::print(&std::mem::take(&mut out))?;
                if !args.follow {
                    break;
                }
                thread::sleep(PAUSE);
            }
        }
    }
    screen::print(&out)?;
    if stop.is_asked() {
        let shown = counted(shown, "command was", "commands were");
        return Ok(stop.told(format_args!("{shown} shown; nothing was changed")));
    }
    if let Some(torn) = history.unfinished().filter(|_| is_watched() || !args.follow) {
        tell(format_args!(
            "{} `{}` ends with {} bytes that are no whole frame: it is being written, or a crash \
             left it, and the next open cuts it off",
            styled(FAINT, "note:"),
            torn.file.display(),
            torn.bytes
        ));
    }
    Ok(Exit::Fine)
}

/// What is to be shown.
struct Wanted<'a> {
    args: &'a args::History,
    from: Option<Instant>,
    before: Option<Instant>,
    companies: Companies,
}

impl<'a> Wanted<'a> {
    fn of(args: &'a args::History) -> Result<Self, Failure> {
        let read = |text: &String| moment::read(text, Zone::UTC).map_err(Failure::input);
        let before = match &args.to {
            // A day is meant with its end.
            Some(text) => Some(match moment::read_date(text).ok().and_then(|day| day.succ_opt()) {
                Some(next) => Zone::UTC.day_start(next),
                None => read(text)?,
            }),
            None => None,
        };
        let from = args.from.as_ref().map(read).transpose()?;
        Ok(Self { args, from, before, companies: Companies::default() })
    }

    fn takes(&mut self, command: &Command) -> bool {
        if self.args.company.is_some() {
            self.companies.learn(command);
        }
        let about = About::of(&command.action);
        let workspace = command.workspace.as_deref();
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let of_company = |company: &String| {
            let has = |prospect: &str| self.companies.has(company, workspace, prospect);
            about.company == Some(company) || about.prospect.is_some_and(has)
        };
        let of_kind = |kind: &String| {
            command_name(&command.action) == kind || event_type(&command.action) == Some(kind)
        };
        is(&self.args.workspace, Some(workspace.unwrap_or(DEFAULT_WORKSPACE)))
            && is(&self.args.prospect, about.prospect)
            && is(&self.args.campaign, about.campaign)
            && self.args.company.as_ref().is_none_or(of_company)
            && self.args.kind.as_ref().is_none_or(of_kind)
            && self.from.is_none_or(|from| command.at >= from)
            && self.before.is_none_or(|before| command.at < before)
    }
}

fn event_type(action: &Action) -> Option<&str> {
    match action {
        Action::Record(event) => Some(&event.kind),
        _ => None,
    }
}

/// The command as JSON, with its sequence number in front.
fn json(sequence: u64, command: &Command) -> String {
    let text = write_command(command);
    let fields = text.strip_prefix('{').unwrap_or(&text);
    format!("{{\"seq\":{sequence},{fields}\n")
}

fn line(sequence: u64, command: &Command, width: usize) -> String {
    let about = About::of(&command.action);
    let name = command_name(&command.action);
    let what = match event_type(&command.action) {
        Some(kind) => format!("{name} {kind}"),
        None => name.to_owned(),
    };
    // The engine's own have no instant that says anything.
    let at = match command.action {
        Action::Open { .. } => String::new(),
        _ => command.at.to_string(),
    };
    let mut more: Vec<String> = about.more.clone();
    more.extend(command.by.iter().map(|by| format!("by {by}")));
    let elsewhere = command.workspace.iter().filter(|name| *name != DEFAULT_WORKSPACE);
    more.extend(elsewhere.map(|name| format!("workspace {name}")));
    let (whom, more) = (clean(&about.whom()), clean(&more.join("   ")));
    let head = format!("{}  {}  ", right(&sequence.to_string(), 8), left(&at, 20));
    let room = width.saturating_sub(8 + 2 + 20 + 2 + 22 + 2);
    let said = match (whom.is_empty(), more.is_empty()) {
        (false, false) => format!("{whom}   {more}"),
        _ => whom + &more,
    };
    let text = styled(FAINT, head) + &styled(STRONG, left(&what, 22)) + "  " + &cut(&said, room);
    text.trim_end().to_owned() + "\n"
}
