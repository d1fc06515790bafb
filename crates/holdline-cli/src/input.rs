//! Lines of commands: read with a bound, each with its number, and told apart from what is not a
//! command.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use holdline::json::{JsonError, MAX_LINE_BYTES, read_command};
use holdline::model::{Action, Command};

use crate::exit::Failure;

/// At most so many different mistakes of a file are told.
const MISTAKES_TOLD: usize = 10;

/// The mistakes of a file: what is wrong with many lines in the same way is told once.
#[derive(Default)]
struct Mistakes {
    /// The line, what is wrong, and with how many lines after it the same is.
    told: Vec<(u64, String, u64)>,
    more: u64,
}

impl Mistakes {
    fn add(&mut self, number: u64, what: String) {
        if let Some((_, _, alike)) = self.told.iter_mut().find(|(_, told, _)| *told == what) {
            *alike += 1;
        } else if self.told.len() < MISTAKES_TOLD {
            self.told.push((number, what, 0));
        } else {
            self.more += 1;
        }
    }

    /// A line each; none if there are none.
    fn message(&self, name: &str) -> Option<String> {
        let lines = |count: u64| if count == 1 { "line" } else { "lines" };
        let told = self.told.iter().map(|(number, what, alike)| match alike {
            0 => format!("{name}:{number}: {what}"),
            _ => format!("{name}:{number}: {what}; {alike} further {} alike", lines(*alike)),
        });
        let mut all: Vec<String> = told.collect();
        if self.more > 0 {
            all.push(format!("and {} further {}", self.more, lines(self.more)));
        }
        (!all.is_empty()).then(|| all.join("\n       "))
    }
}

/// One command and the line it stands on.
#[derive(Clone, Debug)]
pub struct Line {
    /// The line, from 1.
    pub number: u64,
    /// The command.
    pub command: Command,
}

/// A source of lines.
pub struct Lines {
    name: String,
    source: BufReader<Box<dyn Read + Send>>,
    number: u64,
    /// Whether lines that begin with a `#` count.
    notes: bool,
}

impl Lines {
    /// The lines of a file, or of the standard input if it is called `-`.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let (name, source): (_, Box<dyn Read + Send>) = if path.as_os_str() == "-" {
            ("standard input".to_owned(), Box::new(io::stdin()))
        } else {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| Failure::file(&name, &error))?;
            (name, Box::new(file))
        };
        let source = BufReader::with_capacity(1 << 16, source);
        Ok(Self { name, source, number: 0, notes: false })
    }

    /// As [`Lines::open`], with the notes of an export.
    pub fn with_notes(path: &Path) -> Result<Self, Failure> {
        Ok(Self { notes: true, ..Self::open(path)? })
    }

    /// What messages call the source.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next line that is not blank, and no note behind a `#` unless they were asked for: its
    /// number and its bytes, without its end. Of a line that is too long only so much is kept that
    /// it is seen to be.
    pub fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, Failure> {
        loop {
            let mut line = Vec::new();
            let most = MAX_LINE_BYTES as u64 + 2;
            let read = self.source.by_ref().take(most).read_until(b'\n', &mut line);
            if read.map_err(|error| Failure::file(&self.name, &error))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.last() == Some(&b'\n') {
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
            } else if line.len() as u64 == most {
                self.skip_line().map_err(|error| Failure::file(&self.name, &error))?;
            }
            if self.counts(&line) {
                return Ok(Some((self.number, line)));
            }
        }
    }

    /// Whether [`Lines::next`] has a line without having to wait for one.
    pub fn has_next(&self) -> bool {
        let there = self.source.buffer();
        let whole = there.iter().rposition(|byte| *byte == b'\n').and_then(|end| there.get(..end));
        whole.is_some_and(|it| it.split(|byte| *byte == b'\n').any(|line| self.counts(line)))
    }

    fn counts(&self, line: &[u8]) -> bool {
        let text = line.trim_ascii_start();
        !text.is_empty() && (self.notes || !text.starts_with(b"#"))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.source.fill_buf()?;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (taken, done) =
                (end.map_or(bytes.len(), |at| at + 1), end.is_some() || bytes.is_empty());
            self.source.consume(taken);
            if done {
                return Ok(());
            }
        }
    }
}

/// A mistake on a line, as it is told.
pub fn mistake(name: &str, number: u64, error: &JsonError) -> String {
    format!("{name}:{number}: {}", sentence(error))
}

fn sentence(error: &JsonError) -> String {
    let help = error.help_text().map_or_else(String::new, |help| format!(" ({help})"));
    format!("{error}{help}")
}

/// Reads a whole file of commands for `run`. Each gets an id, so that it is applied once however
/// often it is read: its own, or one made of its place and its text.
///
/// Nothing is returned unless every line is a command that a run can take.
pub fn read_all(path: &Path) -> Result<Vec<Line>, Failure> {
    let mut source = Lines::open(path)?;
    let mut lines = Vec::new();
    let mut mistakes = Mistakes::default();
    while let Some((number, text)) = source.next()? {
        let found = match read_command(&text) {
            Ok(mut command) => match own_work(&command.action) {
                Some(verb) => format!(
                    "`{verb}` has no place in a run, which takes and reports sends itself (use \
                     `holdline apply`)"
                ),
                None => {
                    let id = || format!("line-{number}-{:016x}", fnv(&text));
                    command.id = Some(command.id.take().unwrap_or_else(id));
                    lines.push(Line { number, command });
                    continue;
                }
            },
            Err(error) => sentence(&error),
        };
        mistakes.add(number, found);
    }
    let Some(message) = mistakes.message(source.name()) else {
        return Ok(lines);
    };
    Err(Failure::input(message).help("nothing was applied; docs/commands.md has every command"))
}

/// The commands that a run gives itself.
const fn own_work(action: &Action) -> Option<&'static str> {
    match action {
        Action::Claim { .. } => Some("claim"),
        Action::Confirm { .. } => Some("confirm"),
        Action::Report { .. } => Some("sent, failed and unknown"),
        Action::Resend { .. } | Action::ResendSelected { .. } => Some("resend"),
        _ => None,
    }
}

/// The FNV-1a hash of a line. It is part of ids that are kept, so it must never change; its
/// strength does not matter, as it only tells edits of one line apart.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        file
    }

    fn told(text: &[u8]) -> String {
        match read_all(file(text).path()) {
            Err(Failure::Told(told)) => told.message,
            other => panic!("expected a failure, found {other:?}"),
        }
    }

    #[test]
    fn what_has_to_be_waited_for_is_told_apart() {
        // The last line may go on, and nobody knows whether anything follows a blank or a note.
        for (text, more) in [("a\nb\n", true), ("a\nb", false), ("a\n\n # c\n", false)] {
            let mut lines = Lines::open(file(text.as_bytes()).path()).unwrap();
            assert!(!lines.has_next(), "nothing was read yet");
            assert!(lines.next().unwrap().is_some());
            assert_eq!(lines.has_next(), more, "{text:?}");
        }
    }

    const ADVANCE: &str = r#"{"do":"advance","at":"2026-03-02T09:00:00Z"}"#;

    #[test]
    fn ids_are_the_lines_own_or_made_of_place_and_text() {
        let own = r#"{"do":"advance","at":"2026-03-02T09:00:00Z","id":"mine"}"#;
        let text = format!("{ADVANCE}\n\n  \r\n{own}\r\n{ADVANCE}");
        let lines = read_all(file(text.as_bytes()).path()).unwrap();
        let ids: Vec<_> = lines.iter().map(|it| it.command.id.clone().unwrap()).collect();
        let numbers: Vec<_> = lines.iter().map(|it| it.number).collect();
        assert_eq!(numbers, [1, 4, 5]);
        assert_eq!(ids[1], "mine");
        assert!(ids[0].starts_with("line-1-") && ids[2].starts_with("line-5-"));
        assert_eq!(ids[0].len(), "line-1-".len() + 16);
        assert_eq!(ids[0].split('-').nth(2), ids[2].split('-').nth(2));
    }

    #[test]
    fn the_hash_of_a_line_never_changes() {
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_mistake_names_its_line_and_nothing_is_returned() {
        let text = format!("{ADVANCE}\n{{\"do\":\"advnce\"}}\nnot json\n");
        let told = told(text.as_bytes());
        assert!(told.contains(":2: ") && told.contains(":3: "), "{told}");
    }

    #[test]
    fn a_run_takes_no_claims() {
        let told = told(br#"{"do":"claim","at":"2026-03-02T09:00:00Z","limit":1,"lease":"5m"}"#);
        assert!(told.contains("`claim` has no place in a run"), "{told}");
    }

    #[test]
    fn a_line_that_is_too_long_is_told_and_the_next_is_read() {
        let mut text = vec![b'x'; MAX_LINE_BYTES + 100];
        text.extend_from_slice(b"\nnonsense\n");
        let told = told(&text);
        assert!(told.contains(":1: ") && told.contains(":2: "), "{told}");
        assert!(told.len() < 2000);
    }

    #[test]
    fn many_mistakes_are_counted() {
        let lines = (0..12).map(|it| format!("{{\"do\":\"no-{it}\"}}\n")).collect::<String>();
        let told = told(lines.as_bytes());
        assert!(told.ends_with("and 2 further lines"), "{told}");
    }

    #[test]
    fn what_is_wrong_with_many_lines_is_told_once() {
        let told = told("nonsense\n{}\n".repeat(25).as_bytes());
        assert_eq!(told.lines().count(), 2, "{told}");
        assert_eq!(told.matches("; 24 further lines alike").count(), 2, "{told}");
    }
}
