//! Includes, lists and events.

use super::super::ast::{
    AttributeDecl, Entry, EventDecl, Include, KindDecl, ListContent, ListDecl, ListKind,
};
use super::{Pair, Reader, Rule};

impl Reader<'_> {
    pub(super) fn include(&mut self, pair: Pair<'_>) {
        for part in pair.into_inner().filter(|part| part.as_rule() == Rule::string) {
            let path = self.string(&part);
            self.ast.includes.push(Include { path });
        }
    }

    pub(super) fn named_list(&mut self, pair: Pair<'_>) {
        let (mut kind, mut name, mut content) = (ListKind::Domains, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::list_kind => {
                    kind = match part.into_inner().next().map(|word| word.as_rule()) {
                        Some(Rule::k_addresses) => ListKind::Addresses,
                        Some(Rule::k_texts) => ListKind::Texts,
                        _ => ListKind::Domains,
                    };
                }
                Rule::word => name = Some(self.word(&part)),
                Rule::list => content = Some(ListContent::Entries(self.entries(part))),
                Rule::from_file => {
                    let path = part.into_inner().find(|inner| inner.as_rule() == Rule::string);
                    content = path.map(|path| ListContent::File(self.string(&path)));
                }
                _ => {}
            }
        }
        if let (Some(name), Some(content)) = (name, content) {
            self.ast.lists.push(ListDecl { kind, name, content });
        }
    }

    pub(super) fn entries(&mut self, list: Pair<'_>) -> Vec<Entry> {
        let (mut entries, mut separated) = (Vec::new(), true);
        for part in list.into_inner() {
            match part.as_rule() {
                Rule::comma => separated = true,
                Rule::string | Rule::number_like | Rule::path => {
                    let value = self.leaf(&part);
                    entries.push(Entry { value, separated });
                    separated = false;
                }
                _ => {}
            }
        }
        entries
    }

    pub(super) fn event(&mut self, pair: Pair<'_>) {
        let mut decl = None;
        for part in pair.into_inner() {
            match (part.as_rule(), &mut decl) {
                (Rule::path, None) => {
                    decl = Some(EventDecl { name: self.word(&part), attributes: Vec::new() });
                }
                (Rule::declared, Some(decl)) => decl.attributes.extend(self.declared(part)),
                (Rule::bad_declared, _) => self.bad(&part, Rule::declared),
                (Rule::unclosed, Some(decl)) => {
                    self.unclosed(decl.name.at, &format!("event `{}`", decl.name.text));
                }
                _ => {}
            }
        }
        self.ast.events.extend(decl);
    }

    fn declared(&mut self, pair: Pair<'_>) -> Option<AttributeDecl> {
        let (mut name, mut kind, mut optional) = (None, None, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => name = Some(self.word(&part)),
                Rule::optional => optional = true,
                Rule::kind => {
                    let mut words = Vec::new();
                    for inner in part.into_inner() {
                        if inner.as_rule() == Rule::list_of {
                            let of = inner.into_inner().next_back()?;
                            kind = Some(KindDecl::ListOf(self.word(&of)));
                        } else {
                            words.push(self.word(&inner));
                        }
                    }
                    kind = match (kind, words.len()) {
                        (Some(list), _) => Some(list),
                        (None, 1) => words.pop().map(KindDecl::Named),
                        (None, _) => Some(KindDecl::OneOf(words)),
                    };
                }
                _ => {}
            }
        }
        Some(AttributeDecl { name: name?, kind: kind?, optional })
    }
}
