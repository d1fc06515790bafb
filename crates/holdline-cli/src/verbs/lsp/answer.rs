//! The answers about a document: what it says at a place, what may come next, and what it declares.

use gen_lsp_types::{
    CodeLens, Command, CompletionItem, CompletionItemKind, CompletionItemTextEdit, CompletionList,
    CompletionResponse, Contents, Definition, DefinitionResponse, DocumentSymbol,
    DocumentSymbolResponse, Hover, Location, MarkupContent, MarkupKind, SymbolKind,
    TextDocumentPositionParams, TextEdit, Uri,
};
use holdline::lang::{self, Candidate, CandidateKind, Outline, Stretch};
use holdline::model::{PolicyBundle, PolicyFile};
use serde_json::json;

use super::documents::Documents;
use super::place::{Lines, Units};
use super::{RUN_TEST, proof, uri};

/// A document that is asked about, with the policy that it belongs to.
pub struct Asked<'d> {
    documents: &'d Documents,
    units: Units,
    pub name: String,
    pub bundle: PolicyBundle,
}

impl<'d> Asked<'d> {
    /// None if the document is not open.
    pub fn of(documents: &'d Documents, uri: &Uri, units: Units) -> Option<Self> {
        let name = uri::name(uri);
        documents.get(&name)?;
        let bundle = documents.policy(&name)?;
        Some(Self { documents, units, name, bundle })
    }

    pub fn text(&self) -> &'d str {
        self.documents.get(&self.name).map_or("", |open| &open.text)
    }

    fn lines(&self) -> Lines<'d> {
        Lines::of(self.text(), self.units)
    }

    fn offset(&self, at: &TextDocumentPositionParams) -> usize {
        self.lines().offset(at.position)
    }

    /// What the word at a place means.
    pub fn hover(&self, at: &TextDocumentPositionParams) -> Option<Hover> {
        let note = Outline::of(&self.bundle).hover(&self.name, self.offset(at))?;
        let range = Some(self.lines().range(note.at.from, note.at.to));
        let text = MarkupContent { kind: MarkupKind::Markdown, value: note.text };
        Some(Hover { contents: Contents::MarkupContent(text), range })
    }

    /// What may stand at a place.
    pub fn completion(&self, at: &TextDocumentPositionParams) -> Option<CompletionResponse> {
        let found = Outline::of(&self.bundle).candidates(&self.name, self.offset(at))?;
        let range = self.lines().range(found.at.from, found.at.to);
        let item = |(rank, candidate): (usize, Candidate)| CompletionItem {
            kind: Some(item_kind(candidate.kind)),
            detail: candidate.about,
            // The order of the language, not that of the alphabet.
            sort_text: Some(format!("{rank:05}")),
            filter_text: Some(candidate.text.clone()),
            text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit {
                range,
                new_text: candidate.text.clone(),
            })),
            label: candidate.text,
            ..CompletionItem::default()
        };
        let items = found.all.into_iter().enumerate().map(item).collect();
        let list = CompletionList { is_incomplete: false, items, ..CompletionList::default() };
        Some(CompletionResponse::CompletionList(list))
    }

    /// Where the thing at a place is declared, or the file that is named there.
    pub fn definition(&self, at: &TextDocumentPositionParams) -> Option<DefinitionResponse> {
        let offset = self.offset(at);
        let outline = Outline::of(&self.bundle);
        let found = match outline.path(&self.name, offset) {
            Some(file) => Stretch { file, from: 0, to: 0 },
            None => outline.definition(&self.name, offset)?,
        };
        let location = self.location(&found)?;
        Some(DefinitionResponse::Definition(Definition::Location(location)))
    }

    /// All places that name the same thing.
    pub fn references(&self, at: &TextDocumentPositionParams, declared: bool) -> Vec<Location> {
        let offset = self.offset(at);
        let outline = Outline::of(&self.bundle);
        let declaration = outline.definition(&self.name, offset);
        let found = outline.references(&self.name, offset).into_iter();
        let found = found.filter(|it| declared || Some(it) != declaration.as_ref());
        found.filter_map(|it| self.location(&it)).collect()
    }

    /// None for what lies in no file of the user's.
    fn location(&self, at: &Stretch) -> Option<Location> {
        let known = self.bundle.files.iter().find(|file| file.name == at.file);
        let text = known.map(|file| file.text.clone()).or_else(|| self.documents.text(&at.file))?;
        let range = Lines::of(&text, self.units).range(at.from, at.to);
        Some(Location { uri: self.documents.address(&at.file), range })
    }

    /// What the document declares.
    pub fn symbols(&self) -> DocumentSymbolResponse {
        let lines = self.lines();
        let found = Outline::of(&self.bundle).symbols(&self.name).into_iter();
        let found = found.map(|symbol| {
            let named = !symbol.name.is_empty();
            let name = if named { symbol.name } else { format!("{:?}", symbol.kind) };
            let range = lines.range(symbol.whole.from, symbol.whole.to);
            let name_at = lines.range(symbol.name_at.from, symbol.name_at.to);
            let kind = symbol_kind(symbol.kind);
            let (detail, tags, children) = (symbol.title, None, None);
            DocumentSymbol::new(name, detail, kind, tags, None, range, name_at, children)
        });
        DocumentSymbolResponse::DocumentSymbolList(found.collect())
    }

    /// What lays the text out; none if it cannot be read, which the findings say.
    pub fn format(&self) -> Option<Vec<TextEdit>> {
        let file = PolicyFile { name: self.name.clone(), text: self.text().to_owned() };
        let new_text = lang::format(&file).ok()?;
        if new_text == file.text {
            return Some(Vec::new());
        }
        Some(vec![TextEdit { range: self.lines().whole(), new_text }])
    }

    /// A way to run each test.
    pub fn lenses(&self) -> Vec<CodeLens> {
        let lines = self.lines();
        let found = Outline::of(&self.bundle).symbols(&self.name).into_iter();
        let tests = found.filter(|it| it.kind == lang::SymbolKind::Test);
        let lens = tests.map(|test| {
            let arguments = vec![
                json!(self.documents.address(&self.name)),
                json!(test.name),
                json!(lines.position(test.name_at.from).line),
            ];
            let command = Command {
                title: "run test".to_owned(),
                command: RUN_TEST.to_owned(),
                arguments: Some(arguments),
                ..Command::default()
            };
            let range = lines.range(test.name_at.from, test.name_at.to);
            CodeLens { range, command: Some(command), data: None }
        });
        lens.collect()
    }

    /// Runs the test of that title, of several the one that is nearest to the line.
    pub fn run_test(&self, title: &str, line: u64) -> Option<proof::Outcome> {
        let lines = self.lines();
        let tests = Outline::of(&self.bundle).symbols(&self.name).into_iter();
        let tests = tests.filter(|it| it.kind == lang::SymbolKind::Test && it.name == title);
        let away = |from: usize| u64::from(lines.position(from).line).abs_diff(line);
        let test = tests.min_by_key(|test| away(test.name_at.from))?;
        let line = lines.position(test.name_at.from).line.saturating_add(1);
        proof::run_test(&self.bundle, &self.name, line)
    }
}

fn item_kind(kind: CandidateKind) -> CompletionItemKind {
    match kind {
        CandidateKind::Word => CompletionItemKind::Keyword,
        CandidateKind::Event => CompletionItemKind::Event,
        CandidateKind::Attribute => CompletionItemKind::Property,
        CandidateKind::Value => CompletionItemKind::EnumMember,
        CandidateKind::Scope => CompletionItemKind::Enum,
        CandidateKind::List => CompletionItemKind::Constant,
        CandidateKind::Rule => CompletionItemKind::Function,
        CandidateKind::Type => CompletionItemKind::Struct,
    }
}

fn symbol_kind(kind: lang::SymbolKind) -> SymbolKind {
    match kind {
        lang::SymbolKind::List => SymbolKind::Constant,
        lang::SymbolKind::Event => SymbolKind::Event,
        lang::SymbolKind::Rule => SymbolKind::Function,
        lang::SymbolKind::Invariant => SymbolKind::Interface,
        lang::SymbolKind::Test => SymbolKind::Method,
    }
}
