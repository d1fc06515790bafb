//! An editor at the other end of the standard streams. It waits for what it expects and no longer
//! than the deadline.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::Desk;

/// Generous: it is there to end a hang.
const DEADLINE: Duration = Duration::from_secs(60);

pub struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Value>,
    /// Notices that came before they were asked for.
    early: Vec<Value>,
    asked: i64,
}

impl Editor {
    /// Starts the server.
    pub fn start(desk: &Desk) -> Self {
        let mut command = desk.command(&["lsp", "--stdio"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the command runs");
        let input = child.stdin.take();
        let stdout = child.stdout.take().expect("its output");
        let (to, output) = channel();
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read(&mut stdout) {
                if to.send(message).is_err() {
                    return;
                }
            }
        });
        Self { child, input, output, early: Vec::new(), asked: 0 }
    }

    /// Starts the server and goes through the handshake.
    pub fn ready(desk: &Desk) -> Self {
        let mut editor = Self::start(desk);
        editor.ask("initialize", json!({ "processId": null, "rootUri": null, "capabilities": {} }));
        editor.tell("initialized", json!({}));
        editor
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("an input");
        input.write_all(bytes).expect("it listens");
        input.flush().expect("it listens");
    }

    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// What comes next.
    pub fn next(&mut self) -> Value {
        self.output.recv_timeout(DEADLINE).expect("an answer before the deadline")
    }

    /// Asks, and gives the whole answer.
    pub fn answer(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.next();
            if message["id"] == id {
                assert_eq!(message["jsonrpc"], "2.0");
                return message;
            }
            self.early.push(message);
        }
    }

    /// Asks what goes well, and gives the result.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The next notice of that name.
    pub fn notice(&mut self, method: &str) -> Value {
        if let Some(at) = self.early.iter().position(|it| it["method"] == method) {
            return self.early.remove(at)["params"].clone();
        }
        loop {
            let message = self.next();
            if message["method"] == method {
                return message["params"].clone();
            }
            self.early.push(message);
        }
    }

    /// The findings that are published next: document, version, and each by code and place.
    pub fn findings(&mut self) -> (String, Value, Vec<String>) {
        let params = self.notice("textDocument/publishDiagnostics");
        let uri = params["uri"].as_str().unwrap_or_default().to_owned();
        let all = params["diagnostics"].as_array().cloned().unwrap_or_default();
        let shown = all.iter().map(|it| {
            let code = it["code"].as_str().unwrap_or_default();
            format!("{code} {}", place(&it["range"]))
        });
        (uri, params["version"].clone(), shown.collect())
    }

    pub fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "holdline", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn change(&mut self, uri: &str, version: i32, changes: Value) {
        let document = json!({ "uri": uri, "version": version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
    }

    /// Asks about a place of a document.
    pub fn at(&mut self, method: &str, uri: &str, line: u32, character: u32) -> Value {
        let mut params = json!({
            "textDocument": { "uri": uri },
            "position": { "line": line, "character": character },
        });
        if method == "textDocument/references" {
            params["context"] = json!({ "includeDeclaration": true });
        }
        self.ask(method, params)
    }

    /// Closes the input, if it is not closed, and waits for the exit code.
    pub fn code(mut self) -> i32 {
        drop(self.input.take());
        // The reader's end of the output is the end of the process.
        while self.output.recv_timeout(DEADLINE).is_ok() {}
        self.child.wait().expect("an end").code().expect("a code, not a signal")
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _gone = self.child.kill().is_err();
        let _reaped = self.child.wait().is_ok();
    }
}

/// `1:4-1:9`
pub fn place(range: &Value) -> String {
    let (start, end) = (&range["start"], &range["end"]);
    let at = |place: &Value| format!("{}:{}", place["line"], place["character"]);
    format!("{}-{}", at(start), at(end))
}

fn read(input: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
