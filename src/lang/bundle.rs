//! The files of a policy: which of them the first one reaches, and the tree of them all. It knows
//! names of files, and reads none.

use std::collections::BTreeSet;

use super::ast::{Ast, Entry, ListContent, Operand, OperandNode, Span, Word};
use super::diagnostic as say;
use super::parse;
use super::report::Findings;
use crate::model::{PolicyBundle, PolicyFile};

/// Gathers a policy: the file itself, and all that it and its includes name, each read once by
/// its name. A name is relative to where the first file is, as far as that file's own name says
/// so. What cannot be read stays out, and the check points at where it is named.
pub fn gather(main: PolicyFile, mut read: impl FnMut(&str) -> Option<String>) -> PolicyBundle {
    let mut bundle = PolicyBundle { files: vec![main] };
    let mut asked: BTreeSet<String> = bundle.files.iter().map(|file| file.name.clone()).collect();
    let mut done = 0;
    while let Some(file) = bundle.files.get(done) {
        done += 1;
        let mut ast = Ast::default();
        parse::parse(0, &file.text, &mut ast, &mut Findings::default());
        let wanted = named(&ast, &file.name);
        for name in wanted {
            // One more than allowed is gathered, so that the check sees that there are too many.
            if bundle.files.len() <= say::MAX_FILES && asked.insert(name.clone()) {
                let text = read(&name);
                bundle.files.extend(text.map(|text| PolicyFile { name, text }));
            }
        }
    }
    bundle
}

/// Whether a text is a policy by itself: it says its version, and has rules or tests, or something
/// that cannot be read. A file without is there to be included, or is a list of events.
#[must_use]
pub fn is_policy(text: &str) -> bool {
    let (mut ast, mut findings) = (Ast::default(), Findings::default());
    parse::parse(0, text, &mut ast, &mut findings);
    let says_something = !ast.rules.is_empty() || !ast.tests.is_empty() || findings.errors > 0;
    !ast.versions.is_empty() && says_something
}

/// The names of the files that a file names: includes, then lists.
fn named(ast: &Ast, own: &str) -> Vec<String> {
    let lists = ast.lists.iter().filter_map(|list| match &list.content {
        ListContent::File(path) => Some(path),
        ListContent::Entries(_) | ListContent::Unread => None,
    });
    let paths = ast.includes.iter().map(|include| &include.path).chain(lists);
    paths.filter_map(|path| resolved(own, &path.text)).collect()
}

/// The name of a file that the file `own` calls `path`; none if it does not lie beside it.
pub(super) fn resolved(own: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let folder = own.rsplit_once('/').map(|(folder, _)| folder);
    let mut parts: Vec<&str> = folder.into_iter().flat_map(|folder| folder.split('/')).collect();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("." | "", _) => {}
            ("..", Some(&last)) if last != ".." && !last.is_empty() => {
                parts.pop();
            }
            (part, _) => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Reads the first file of a bundle, and whatever it reaches, into one tree; the vocabulary comes
/// before all, as the file behind the bundle's last.
pub(super) fn read(bundle: &PolicyBundle, vocabulary: &str, findings: &mut Findings) -> Ast {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut ast = Ast::default();
    parse::parse(number(bundle.files.len()), vocabulary, &mut ast, findings);
    if let Some(file) = bundle.files.get(say::MAX_FILES) {
        let at = Span { file: number(say::MAX_FILES), start: 0, end: 0 };
        findings.push(say::too_many_files(at, &file.name, bundle.files.len()));
        return ast;
    }
    let mut reading = Reading { bundle, findings, marks: vec![Mark::New; bundle.files.len()] };
    reading.all(&mut ast);
    reading.lists(&mut ast);
    for (at, mark) in reading.marks.iter().enumerate() {
        if let (Mark::New, Some(file)) = (mark, bundle.files.get(at)) {
            let at = Span { file: number(at), start: 0, end: 0 };
            reading.findings.push(say::unused_file(at, &file.name));
        }
    }
    ast
}

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    /// It is being read, and so is what it includes.
    Open,
    Done,
    /// It is a list.
    List,
}

struct Reading<'a> {
    bundle: &'a PolicyBundle,
    findings: &'a mut Findings,
    marks: Vec<Mark>,
}

impl Reading<'_> {
    /// Walks the includes from the first file on, without recursion.
    fn all(&mut self, ast: &mut Ast) {
        // Each file that is open, with its includes that are still to be followed.
        let mut path: Vec<(usize, Vec<Word>)> = Vec::new();
        if !self.bundle.files.is_empty() {
            let includes = self.one(0, ast);
            path.push((0, includes));
        }
        while let Some((file, includes)) = path.last_mut() {
            let Some(include) = includes.pop() else {
                if let Some(mark) = self.marks.get_mut(*file) {
                    *mark = Mark::Done;
                }
                path.pop();
                continue;
            };
            let Some(next) = self.find(&include) else {
                ast.incomplete = true;
                continue;
            };
            match self.marks.get(next) {
                Some(Mark::New) => {
                    let includes = self.one(next, ast);
                    path.push((next, includes));
                }
                Some(Mark::Open) => {
                    self.findings.push(say::include_cycle(include.at, &include.text));
                }
                _ => {}
            }
        }
    }

    /// Reads one file, and gives what it includes, last first.
    fn one(&mut self, file: usize, ast: &mut Ast) -> Vec<Word> {
        let before = ast.includes.len();
        if let (Some(mark), Some(text)) = (self.marks.get_mut(file), self.bundle.files.get(file)) {
            *mark = Mark::Open;
            let number = u32::try_from(file).unwrap_or(u32::MAX);
            parse::parse(number, &text.text, ast, self.findings);
        }
        let new = ast.includes.iter().skip(before).map(|include| include.path.clone());
        new.rev().collect()
    }

    /// The file that a word in another names; says so if there is none.
    fn find(&mut self, path: &Word) -> Option<usize> {
        let own = self.bundle.files.get(path.at.file as usize).map_or("", |file| &file.name);
        let Some(name) = resolved(own, &path.text) else {
            self.findings.push(say::bad_path(path.at, &path.text));
            return None;
        };
        let found = self.bundle.files.iter().position(|file| file.name == name);
        if found.is_none() {
            self.findings.push(say::missing_file(path.at, &name));
        }
        found
    }

    /// Puts the entries of files in the place of the names of the files.
    fn lists(&mut self, ast: &mut Ast) {
        for list in &mut ast.lists {
            let ListContent::File(path) = &list.content else {
                continue;
            };
            let found = self.find(path);
            let file = found.and_then(|at| Some((at, self.bundle.files.get(at)?)));
            let Some((at, file)) = file else {
                list.content = ListContent::Unread;
                continue;
            };
            if let Some(mark @ Mark::New) = self.marks.get_mut(at) {
                *mark = Mark::List;
            }
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            if file.text.len() > say::MAX_FILE_BYTES {
                let at = Span { file: number, start: 0, end: 0 };
                self.findings.push(say::file_too_large(at, file.text.len()));
                list.content = ListContent::Unread;
            } else {
                list.content = ListContent::Entries(entries(number, &file.text));
            }
        }
    }
}

/// The entries of a file: one a line, `#` begins a comment.
fn entries(file: u32, text: &str) -> Vec<Entry> {
    let (mut entries, mut start) = (Vec::new(), 0);
    let text = text.strip_prefix('\u{FEFF}').map_or(text, |rest| {
        start = text.len() - rest.len();
        rest
    });
    for line in text.split_inclusive('\n') {
        let content = line.split_once('#').map_or(line, |(content, _)| content);
        let value = content.trim();
        if !value.is_empty() {
            let from = start + content.len() - content.trim_start().len();
            let small = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
            let at = Span { file, start: small(from), end: small(from + value.len()) };
            let value = Operand { node: OperandNode::Text(value.to_owned()), at };
            entries.push(Entry { value, separated: true });
        }
        start += line.len();
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::{gather, resolved};
    use crate::model::PolicyFile;

    #[test]
    fn names_are_relative_to_the_file_that_says_them() {
        for (own, path, expected) in [
            ("a.rules", "b.rules", Some("b.rules")),
            ("rules/a.rules", "b.rules", Some("rules/b.rules")),
            ("rules/a.rules", "./lists/b.txt", Some("rules/lists/b.txt")),
            ("rules/a.rules", "../b.rules", Some("b.rules")),
            ("a.rules", "../b.rules", Some("../b.rules")),
            ("/etc/a.rules", "../../b.rules", Some("/../b.rules")),
            ("a.rules", "/etc/passwd", None),
            ("a.rules", "", None),
        ] {
            assert_eq!(resolved(own, path).as_deref(), expected, "{own} names {path}");
        }
    }

    #[test]
    fn a_policy_is_gathered_with_all_that_it_reaches_once() {
        let file = |name: &str, text: &str| PolicyFile { name: name.into(), text: text.into() };
        let main = file("p/a.rules", "policy 1\ninclude \"b.rules\"\ninclude \"no.rules\"");
        let mut read = Vec::new();
        let bundle = gather(main, |name| {
            read.push(name.to_owned());
            match name {
                "p/b.rules" => Some("include \"a.rules\"\ndomains d from \"../d.txt\"".to_owned()),
                "d.txt" => Some("acme.io\n".to_owned()),
                _ => None,
            }
        });
        let names: Vec<_> = bundle.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["p/a.rules", "p/b.rules", "d.txt"]);
        assert_eq!(read, ["p/b.rules", "p/no.rules", "d.txt"]);
    }
}
