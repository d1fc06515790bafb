//! The documents that are open, and the policies that they belong to. What is open goes before what
//! is on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};
use holdline::lang;
use holdline::model::{PolicyBundle, PolicyFile};

use super::place::{Lines, Units};
use super::uri;

/// A file above this is not read from the disk; the checker has its own, lower limit.
const MOST_BYTES: u64 = 4 << 20;
/// So many neighbours are looked at for one that includes a document.
const MOST_NEIGHBOURS: usize = 64;

/// A document that is open.
pub struct Open {
    /// Its address, as the editor writes it.
    pub uri: Uri,
    pub version: i32,
    pub text: String,
    /// A file beside it that includes it, if it is read for that file.
    home: Option<String>,
}

/// All documents, by name.
#[derive(Default)]
pub struct Documents {
    open: BTreeMap<String, Open>,
}

impl Documents {
    /// Opens a document, or replaces it.
    pub fn open(&mut self, uri: Uri, version: i32, text: String) -> String {
        let name = uri::name(&uri);
        self.open.insert(name.clone(), Open { uri, version, text, home: None });
        let home = self.neighbour(&name);
        if let Some(open) = self.open.get_mut(&name) {
            open.home = home;
        }
        name
    }

    /// Closes a document.
    pub fn close(&mut self, uri: &Uri) -> String {
        let name = uri::name(uri);
        self.open.remove(&name);
        name
    }

    /// Applies changes one after the other.
    pub fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        units: Units,
    ) -> Option<String> {
        let name = uri::name(uri);
        let open = self.open.get_mut(&name)?;
        open.version = version;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    open.text = whole.text;
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let lines = Lines::of(&open.text, units);
                    let (start, end) =
                        (lines.offset(part.range.start), lines.offset(part.range.end));
                    open.text.replace_range(start.min(end)..end.max(start), &part.text);
                }
            }
        }
        Some(name)
    }

    /// Looks anew at what is on the disk.
    pub fn refresh(&mut self) {
        let names: Vec<String> = self.open.keys().cloned().collect();
        for name in names {
            let home = self.neighbour(&name);
            if let Some(open) = self.open.get_mut(&name) {
                open.home = home;
            }
        }
    }

    /// A document that is open.
    pub fn get(&self, name: &str) -> Option<&Open> {
        self.open.get(name)
    }

    /// The names of all that are open.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.open.keys()
    }

    /// The address of a document: as the editor writes it, if it is open.
    pub fn address(&self, name: &str) -> Uri {
        self.get(name).map_or_else(|| uri::address(name), |open| open.uri.clone())
    }

    /// The text of a document, open or not.
    pub fn text(&self, name: &str) -> Option<String> {
        if let Some(open) = self.get(name) {
            return Some(open.text.clone());
        }
        let about = fs::metadata(name).ok().filter(|_| uri::is_file(name))?;
        if !about.is_file() || about.len() > MOST_BYTES {
            return None;
        }
        String::from_utf8(fs::read(name).ok()?).ok()
    }

    /// The policy that begins with a document.
    fn rooted(&self, name: &str) -> Option<PolicyBundle> {
        let main = PolicyFile { name: name.to_owned(), text: self.text(name)? };
        Some(lang::gather(main, |name| self.text(name)))
    }

    /// The policy that a document belongs to: the widest that reaches it, or its own.
    pub fn policy(&self, name: &str) -> Option<PolicyBundle> {
        let own = self.rooted(name)?;
        let homes = self.open.values().filter_map(|open| open.home.as_ref());
        let others = self.names().chain(homes).filter(|other| *other != name);
        let reaching = others.filter_map(|other| self.rooted(other)).filter(|bundle| {
            let reaches = bundle.files.iter().any(|file| file.name == name);
            reaches && bundle.files.len() > own.files.len()
        });
        // Of equals the first: which one that is does not change while nothing else does.
        let widest =
            reaching.reduce(
                |widest, next| {
                    if next.files.len() > widest.files.len() { next } else { widest }
                },
            );
        Some(widest.unwrap_or(own))
    }

    /// A rules file beside a document that includes it.
    fn neighbour(&self, name: &str) -> Option<String> {
        let folder = Path::new(name).parent().filter(|_| uri::is_file(name))?;
        let entries = fs::read_dir(folder).ok()?;
        let names = entries.flatten().filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let (folder, _) = name.rsplit_once('/')?;
            file.ends_with(".rules").then(|| format!("{folder}/{file}"))
        });
        let mut names: Vec<String> = names.take(MOST_NEIGHBOURS).collect();
        names.sort_unstable();
        names.into_iter().filter(|other| other != name).find(|other| {
            let text = self.text(other).unwrap_or_default();
            let bundle = if text.contains("include") { self.rooted(other) } else { None };
            bundle.is_some_and(|bundle| bundle.files.iter().any(|file| file.name == name))
        })
    }
}
