//! `holdline fmt`: rules files in the one layout.

pub mod replace;

use std::io::{self, Read};
use std::path::Path;

use holdline::lang::{Diagnostic, FormatError, format, render};
use holdline::model::{PolicyBundle, PolicyFile};
use serde_json::{Map, Value, json};
use similar::TextDiff;

use crate::args::{Fmt, Format};
use crate::exit::{Exit, Failure, Told};
use crate::layout::counted;
use crate::screen::{BAD, FAINT, GOOD, styled};
use crate::{rules, screen};

/// Formats files in place, or says what would be changed.
pub fn fmt(args: &Fmt) -> Result<Exit, Failure> {
    let mut report = Report::new(args);
    if args.stdin {
        let mut bytes = Vec::new();
        let read = io::stdin().read_to_end(&mut bytes);
        let text = read.map_err(|error| Failure::file("standard input", &error));
        let text = text.and_then(|_| rules::text("standard input", bytes));
        let done = text.and_then(|text| one(args, None, text));
        report.add("standard input".to_owned(), done)?;
        return report.end();
    }
    let files = rules::files(&args.paths)?;
    if files.is_empty() {
        return Err(rules::nothing_in(&args.paths).help("rules files end in `.rules`"));
    }
    for path in files {
        let done = rules::read_text(&path).and_then(|text| one(args, Some(&path), text));
        report.add(path.display().to_string(), done)?;
    }
    report.end()
}

/// What became of a file.
enum Done {
    /// It is as it should be.
    Same(String),
    Changed {
        old: String,
        new: String,
    },
    /// It is left alone, because of these.
    Unread(PolicyFile, Vec<Diagnostic>),
}

/// Formats a text, and the file that it is from unless nothing is to be changed.
fn one(args: &Fmt, path: Option<&Path>, old: String) -> Result<Done, Failure> {
    let name = path.map_or("standard input".to_owned(), |path| path.display().to_string());
    let file = PolicyFile { name, text: old };
    let new = match format(&file) {
        Ok(new) => new,
        Err(FormatError::Unread(found)) => return Ok(Done::Unread(file, found)),
        Err(error) => {
            let message = format_args!("`{}`: {error}", file.name);
            return Err(Failure::new(Exit::BadRules, message));
        }
    };
    if new == file.text {
        return Ok(Done::Same(new));
    }
    if let Some(path) = path.filter(|_| !args.check) {
        replace::replace(path, &new).map_err(|error| Failure::file(path.display(), &error))?;
    }
    Ok(Done::Changed { old: file.text, new })
}

/// What is said about all files.
struct Report<'a> {
    args: &'a Fmt,
    exit: Exit,
    same: u64,
    changed: u64,
    failed: u64,
    files: Vec<Value>,
}

impl<'a> Report<'a> {
    const fn new(args: &'a Fmt) -> Self {
        Self { args, exit: Exit::Fine, same: 0, changed: 0, failed: 0, files: Vec::new() }
    }

    fn human(&self) -> bool {
        self.args.output.format == Format::Human
    }

    /// The worst of all files is the end.
    fn worsen(&mut self, exit: Exit) {
        if exit as u8 > self.exit as u8 {
            self.exit = exit;
        }
    }

    fn add(&mut self, name: String, done: Result<Done, Failure>) -> Result<(), Failure> {
        let mut entry = Map::new();
        entry.insert("file".to_owned(), json!(name));
        let status = match done {
            Ok(Done::Same(text)) => {
                self.same += 1;
                self.show_text(&text, &mut entry)?;
                "unchanged"
            }
            Ok(Done::Changed { old, new }) => {
                self.changed += 1;
                if self.args.check {
                    self.worsen(Exit::Findings);
                    self.show_diff(&name, &old, &new, &mut entry)?;
                    "unformatted"
                } else {
                    self.show_text(&new, &mut entry)?;
                    if self.human() && !self.args.stdin {
                        screen::print(&format!("formatted {name}\n"))?;
                    }
                    "formatted"
                }
            }
            Ok(Done::Unread(file, found)) => {
                self.failed += 1;
                self.worsen(Exit::BadRules);
                if self.human() {
                    let text = render(&found, &PolicyBundle { files: vec![file] }, true);
                    screen::tell(text.trim_end());
                    screen::tell(format_args!("{} in {name}; left alone", rules::tally(&found)));
                }
                entry.insert("findings".to_owned(), json!(found));
                "unreadable"
            }
            Err(Failure::Told(told)) => {
                self.failed += 1;
                self.worsen(told.exit);
                if self.human() {
                    screen::tell_failure(&told);
                }
                let Told { message, .. } = *told;
                entry.insert("error".to_owned(), json!(message));
                "failed"
            }
            Err(gone @ Failure::ReaderGone) => return Err(gone),
        };
        entry.insert("status".to_owned(), json!(status));
        self.files.push(Value::Object(entry));
        Ok(())
    }

    /// The text itself is what is asked for where it has no file.
    fn show_text(&self, text: &str, entry: &mut Map<String, Value>) -> Result<(), Failure> {
        if !self.args.stdin || self.args.check {
            return Ok(());
        }
        entry.insert("text".to_owned(), json!(text));
        if self.human() { screen::print(text) } else { Ok(()) }
    }

    fn show_diff(
        &self,
        name: &str,
        old: &str,
        new: &str,
        entry: &mut Map<String, Value>,
    ) -> Result<(), Failure> {
        let diff = TextDiff::from_lines(old, new).unified_diff().header(name, name).to_string();
        if self.human() {
            let lines: String = diff.split_inclusive('\n').map(coloured).collect();
            screen::print(&lines)?;
        }
        entry.insert("diff".to_owned(), json!(diff));
        Ok(())
    }

    fn end(self) -> Result<Exit, Failure> {
        let files = |count| counted(count, "file", "files");
        if !self.human() {
            let answer = json!({
                "changed": self.changed,
                "unchanged": self.same,
                "failed": self.failed,
                "files": self.files,
            });
            screen::print_json(&answer)?;
        } else if self.args.check {
            let text = format!(
                "{} to be formatted, {} as it should be; nothing was changed\n",
                files(self.changed),
                self.same
            );
            screen::print(&text)?;
        } else if !self.args.stdin {
            let text = format!("{} formatted, {} unchanged\n", files(self.changed), self.same);
            screen::print(&text)?;
        }
        Ok(self.exit)
    }
}

fn coloured(line: &str) -> String {
    let style = match line.as_bytes().first() {
        Some(b'-') => BAD,
        Some(b'+') => GOOD,
        Some(b'@') => FAINT,
        _ => return line.to_owned(),
    };
    match line.strip_suffix('\n') {
        Some(text) => format!("{}\n", styled(style, text)),
        None => styled(style, line),
    }
}
