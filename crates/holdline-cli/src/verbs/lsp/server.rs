//! What the server keeps, and what it does on each message.

use std::collections::BTreeMap;

use gen_lsp_types::{
    CodeLensOptions, CodeLensRequest, CompletionOptions, CompletionRequest, DefinitionRequest,
    Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingRequest, DocumentSymbolRequest, ExecuteCommandOptions, ExecuteCommandRequest,
    HoverRequest, InitializeParams, InitializeResult, MessageType, PublishDiagnosticsParams,
    ReferencesRequest, Request as Asks, ServerCapabilities, ServerInfo, ShowMessageParams,
    TextDocumentSync, TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};
use lsp_server::{ErrorCode, Message, Notification, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::Asked;
use super::documents::Documents;
use super::place::Units;
use super::wire::Refused;
use super::{RUN_TEST, findings, invalid};

/// How far the conversation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    New,
    Running,
    ShutDown,
}

#[derive(Default)]
pub struct Server {
    stage: Stage,
    units: Units,
    /// Where the pages of the diagnostics are, if the editor says so.
    docs: Option<String>,
    documents: Documents,
    /// True if something changed since findings were looked for.
    changed: bool,
    /// What was published, with the version of the document.
    published: BTreeMap<String, (Option<i32>, Vec<Diagnostic>)>,
    told: Vec<Message>,
}

impl Server {
    pub fn is_shut_down(&self) -> bool {
        self.stage == Stage::ShutDown
    }

    /// What is said beside the answer.
    pub fn told(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.told)
    }

    /// Does what is asked, and gives the answer.
    pub fn request(&mut self, request: Request) -> Result<Value, Refused> {
        let Request { method, params, .. } = request;
        match (self.stage, method.as_str()) {
            (Stage::New, "initialize") => return self.initialize(params),
            (Stage::New, _) => {
                let why = "`initialize` comes first";
                return Err(Refused::new(ErrorCode::ServerNotInitialized, why));
            }
            (Stage::ShutDown, _) => return Err(invalid("only `exit` comes after `shutdown`")),
            (Stage::Running, "initialize") => return Err(invalid("`initialize` came already")),
            (Stage::Running, "shutdown") => {
                self.stage = Stage::ShutDown;
                return Ok(Value::Null);
            }
            (Stage::Running, _) => {}
        }
        match method.as_str() {
            "textDocument/hover" => self.answer::<HoverRequest>(params, |server, params| {
                let at = params.text_document_position_params;
                server.asked(&at.text_document.uri)?.hover(&at)
            }),
            "textDocument/completion" => {
                self.answer::<CompletionRequest>(params, |server, params| {
                    let at = params.text_document_position_params;
                    server.asked(&at.text_document.uri)?.completion(&at)
                })
            }
            "textDocument/definition" => {
                self.answer::<DefinitionRequest>(params, |server, params| {
                    let at = params.text_document_position_params;
                    server.asked(&at.text_document.uri)?.definition(&at)
                })
            }
            "textDocument/references" => {
                self.answer::<ReferencesRequest>(params, |server, params| {
                    let at = params.text_document_position_params;
                    let declared = params.context.include_declaration;
                    Some(server.asked(&at.text_document.uri)?.references(&at, declared))
                })
            }
            "textDocument/documentSymbol" => self
                .answer::<DocumentSymbolRequest>(params, |server, params| {
                    Some(server.asked(&params.text_document.uri)?.symbols())
                }),
            "textDocument/formatting" => self
                .answer::<DocumentFormattingRequest>(params, |server, params| {
                    server.asked(&params.text_document.uri)?.format()
                }),
            "textDocument/codeLens" => self.answer::<CodeLensRequest>(params, |server, params| {
                Some(server.asked(&params.text_document.uri)?.lenses())
            }),
            "workspace/executeCommand" => {
                let params: <ExecuteCommandRequest as Asks>::Params = read(params)?;
                self.execute(&params.command, params.arguments.as_deref().unwrap_or_default())
            }
            _ => {
                let why = format!("there is no `{method}`");
                Err(Refused::new(ErrorCode::MethodNotFound, why))
            }
        }
    }

    fn answer<R: Asks>(
        &self,
        params: Value,
        answer: impl FnOnce(&Self, R::Params) -> R::Result,
    ) -> Result<Value, Refused> {
        let result = answer(self, read(params)?);
        serde_json::to_value(result).map_err(|e| Refused::new(ErrorCode::InternalError, e))
    }

    fn asked(&self, uri: &Uri) -> Option<Asked<'_>> {
        Asked::of(&self.documents, uri, self.units)
    }

    fn initialize(&mut self, params: Value) -> Result<Value, Refused> {
        let params: InitializeParams = read(params)?;
        let general = params.capabilities.general;
        let offered = general.and_then(|general| general.position_encodings);
        self.units = Units::of(offered.as_deref());
        let options = params.initialization_options.unwrap_or_default();
        self.docs = options.get("docs").and_then(Value::as_str).map(str::to_owned);
        self.stage = Stage::Running;
        let (name, version) = ("holdline".to_owned(), Some(env!("CARGO_PKG_VERSION").to_owned()));
        let result = InitializeResult {
            capabilities: capabilities(self.units),
            server_info: Some(ServerInfo { name, version }),
        };
        serde_json::to_value(result).map_err(|e| Refused::new(ErrorCode::InternalError, e))
    }

    /// `holdline.runTest` with a document, the title of a test and its line.
    fn execute(&mut self, command: &str, arguments: &[Value]) -> Result<Value, Refused> {
        let bad = |why: String| Refused::new(ErrorCode::InvalidParams, why);
        if command != RUN_TEST {
            return Err(bad(format!("there is no command `{command}`")));
        }
        let text = |at: usize| arguments.get(at).and_then(Value::as_str);
        let (Some(uri), Some(title)) = (text(0), text(1)) else {
            return Err(bad("expected a document and the title of a test".to_owned()));
        };
        let line = arguments.get(2).and_then(Value::as_u64).unwrap_or(0);
        let asked = self.asked(&Uri(uri.to_owned()));
        let outcome = asked.and_then(|asked| asked.run_test(title, line));
        let outcome = outcome.ok_or_else(|| bad(format!("there is no test `{title}`")))?;
        let kind = if outcome.passed { MessageType::Info } else { MessageType::Error };
        let params = ShowMessageParams { kind, message: outcome.told.clone() };
        self.told.push(say("window/showMessage", params));
        Ok(json!({ "passed": outcome.passed, "told": outcome.told }))
    }

    /// Takes note of what happened. What cannot be read is left alone: nobody waits for an answer.
    pub fn notice(&mut self, notice: Notification) {
        if self.stage != Stage::Running {
            return;
        }
        let Notification { method, params } = notice;
        self.changed |= match method.as_str() {
            "textDocument/didOpen" => read(params).is_ok_and(|it: DidOpenTextDocumentParams| {
                let opened = it.text_document;
                self.forget(&opened.uri);
                self.documents.open(opened.uri, opened.version, opened.text);
                true
            }),
            "textDocument/didChange" => {
                read(params).is_ok_and(|it: DidChangeTextDocumentParams| {
                    let (version, uri) =
                        (it.text_document.version, it.text_document.text_document_identifier.uri);
                    self.documents.change(&uri, version, it.content_changes, self.units).is_some()
                })
            }
            "textDocument/didClose" => read(params).is_ok_and(|it: DidCloseTextDocumentParams| {
                self.documents.close(&it.text_document.uri);
                true
            }),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.documents.refresh();
                true
            }
            _ => false,
        };
    }

    /// A document that is opened hears of its findings, even if there are none.
    fn forget(&mut self, uri: &Uri) {
        self.published.remove(&super::uri::name(uri));
    }

    /// The findings that changed, and those of documents that changed.
    pub fn findings(&mut self) -> Vec<Message> {
        if !std::mem::take(&mut self.changed) {
            return Vec::new();
        }
        let mut found = findings::find(&self.documents, self.units, self.docs.as_deref());
        for name in self.published.keys() {
            found.entry(name.clone()).or_default();
        }
        let mut messages = Vec::new();
        for (name, diagnostics) in found {
            let open = self.documents.get(&name);
            let version = open.map(|open| open.version);
            let now = (version, diagnostics);
            if self.published.get(&name) == Some(&now) {
                continue;
            }
            let (uri, diagnostics) = (self.documents.address(&name), now.1.clone());
            let params = PublishDiagnosticsParams { uri, version, diagnostics };
            messages.push(say("textDocument/publishDiagnostics", params));
            if open.is_none() && now.1.is_empty() {
                self.published.remove(&name);
            } else {
                self.published.insert(name, now);
            }
        }
        messages
    }
}

/// What nobody asked for.
fn say(method: &str, params: impl serde::Serialize) -> Message {
    let params = serde_json::to_value(params).unwrap_or_default();
    Message::Notification(Notification { method: method.to_owned(), params })
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refused> {
    serde_json::from_value(params).map_err(|e| Refused::new(ErrorCode::InvalidParams, e))
}

fn capabilities(units: Units) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(units.kind()),
        text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            save: Some(true.into()),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(true.into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", "[", "@"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(true.into()),
        references_provider: Some(true.into()),
        document_symbol_provider: Some(true.into()),
        document_formatting_provider: Some(true.into()),
        code_lens_provider: Some(CodeLensOptions::default()),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![RUN_TEST.to_owned()],
            ..ExecuteCommandOptions::default()
        }),
        ..ServerCapabilities::default()
    }
}
