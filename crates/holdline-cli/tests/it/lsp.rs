//! The language server, as an editor meets it: over the standard streams, from the handshake to the
//! exit code.

mod editor;

use serde_json::{Value, json};

use crate::desk::Desk;
use editor::{Editor, place};

const URI: &str = "file:///nowhere/a.rules";

const BROKEN: &str = "policy 1

rule answered \"Sömeone 𝄞\" {
  on reply
  where reply.kind is hooman
  pause compny
}

rule rest {
  on reply
  where reply.kind is not human
  ignore
}
";

fn labels(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| item["label"].as_str()).collect()
}

#[test]
fn an_editor_is_served_from_the_handshake_to_the_end() {
    let desk = Desk::new();
    let mut editor = Editor::start(&desk);
    let result = editor.ask("initialize", json!({ "processId": 1, "capabilities": {} }));
    let can = &result["capabilities"];
    assert_eq!(can["positionEncoding"], "utf-16");
    assert_eq!(can["textDocumentSync"]["change"], 2);
    assert_eq!(result["serverInfo"]["name"], "holdline");
    editor.tell("initialized", json!({}));

    editor.open(URI, BROKEN);
    let params = editor.notice("textDocument/publishDiagnostics");
    assert_eq!((&params["uri"], &params["version"]), (&json!(URI), &json!(1)));
    let found = &params["diagnostics"];
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    assert_eq!(found[0]["code"], "H0107");
    assert_eq!(place(&found[0]["range"]), "4:22-4:28");
    assert_eq!(found[1]["code"], "H0104");
    assert_eq!(place(&found[1]["range"]), "5:8-5:14");
    assert_eq!((&found[1]["severity"], &found[1]["source"]), (&json!(1), &json!("holdline")));
    assert_eq!(found[1]["data"]["page"], "docs/diagnostics/H0104.md");
    let message = found[1]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("unknown scope `compny`\nhelp: did you mean `company`?"));

    // One change by its place, one after it by the place that it then has.
    editor.change(
        URI,
        2,
        json!([
            { "range": { "start": { "line": 5, "character": 8 },
                         "end": { "line": 5, "character": 14 } },
              "text": "company\n  overrides x" },
            { "range": { "start": { "line": 4, "character": 22 },
                         "end": { "line": 4, "character": 28 } }, "text": "human" },
        ]),
    );
    assert_eq!(editor.findings(), (URI.to_owned(), json!(2), vec!["H0106 6:12-6:13".to_owned()]));
    let fixed = BROKEN.replace("hooman", "human").replace("compny", "company");
    editor.change(URI, 3, json!([{ "text": &fixed }]));
    assert_eq!(editor.findings(), (URI.to_owned(), json!(3), Vec::new()));

    let list = editor.at("textDocument/completion", URI, 4, 25);
    assert_eq!(&labels(&list)[..3], ["not", "known", "unknown"]);
    assert!(labels(&list).contains(&"out-of-office"));
    let human = list["items"].as_array().and_then(|it| it.iter().find(|it| it["label"] == "human"));
    let human = human.expect("a value");
    assert_eq!(place(&human["textEdit"]["range"]), "4:22-4:27");
    assert_eq!((&human["kind"], &human["textEdit"]["newText"]), (&json!(20), &json!("human")));

    let hover = editor.at("textDocument/hover", URI, 2, 8);
    assert_eq!(place(&hover["range"]), "2:5-2:13");
    let text = hover["contents"]["value"].as_str().unwrap_or_default();
    assert!(text.contains("rule `answered`: Sömeone 𝄞"), "{text}");
    assert!(text.contains("a.rules:3"), "{text}");
    assert_eq!(editor.at("textDocument/hover", URI, 0, 7), Value::Null);

    let found = editor.at("textDocument/definition", URI, 2, 8);
    assert_eq!((&found["uri"], place(&found["range"])), (&json!(URI), "2:5-2:13".to_owned()));
    let document = json!({ "textDocument": { "uri": URI } });
    assert_eq!(editor.ask("textDocument/codeLens", document), json!([]));

    is_laid_out(&mut editor, &fixed);

    let symbols =
        editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": URI } }));
    assert_eq!(
        (&symbols[0]["name"], &symbols[0]["detail"]),
        (&json!("answered"), &json!("Sömeone 𝄞"))
    );
    assert_eq!(place(&symbols[0]["range"]), "2:0-6:1");

    assert_eq!(editor.ask("shutdown", Value::Null), Value::Null);
    assert_eq!(editor.answer("textDocument/hover", json!({}))["error"]["code"], -32600);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.code(), 0);
}

/// A text is laid out whole, once, and not while it cannot be read.
fn is_laid_out(editor: &mut Editor, fixed: &str) {
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let format = json!({ "textDocument": { "uri": URI }, "options": options });
    assert_eq!(editor.ask("textDocument/formatting", format.clone()), json!([]));
    editor.change(URI, 4, json!([{ "text": fixed.replace("  on", "on   ") }]));
    let edits = editor.ask("textDocument/formatting", format.clone());
    assert_eq!(edits.as_array().map(Vec::len), Some(1), "{edits}");
    assert_eq!(place(&edits[0]["range"]), "0:0-13:0");
    assert_eq!(edits[0]["newText"], fixed);
    editor.change(URI, 5, json!([{ "text": fixed.replace("on reply", "on \"") }]));
    assert_eq!(editor.ask("textDocument/formatting", format), Value::Null);
    editor.change(URI, 6, json!([{ "text": fixed }]));
}

#[test]
fn columns_are_counted_as_the_editor_asks() {
    let desk = Desk::new();
    let text = "policy 1\nrule a \"𝄞ö\" { on repyl ignore }\n";
    for (offered, encoding, range) in [
        (json!(["utf-8", "utf-16"]), "utf-8", "1:21-1:26"),
        (json!(["utf-32", "utf-16"]), "utf-16", "1:18-1:23"),
        (json!([]), "utf-16", "1:18-1:23"),
    ] {
        let mut editor = Editor::start(&desk);
        let general = json!({ "general": { "positionEncodings": offered } });
        let options = json!({ "docs": "https://docs.example/pages/" });
        let result = editor.ask(
            "initialize",
            json!({ "capabilities": general, "initializationOptions": options }),
        );
        assert_eq!(result["capabilities"]["positionEncoding"], encoding);
        editor.open(URI, text);
        let params = editor.notice("textDocument/publishDiagnostics");
        let found = &params["diagnostics"][0];
        assert_eq!(place(&found["range"]), range);
        let href = &found["codeDescription"]["href"];
        assert_eq!(href, "https://docs.example/pages/H0101.md");
    }
}

#[test]
fn included_files_are_found_beside_the_document_and_open_ones_first() {
    let desk = Desk::new();
    let other = "rule base { on reply pause company }\ndomains ours from \"ours.txt\"\n";
    desk.file("ours.txt", "acme.io\nacme com\n");
    let main = "policy 1\ninclude \"b.rules\"\nrule top { on reply \
                except prospect.domain in ours pause prospect overrides base }\n";
    let address = |path: String| format!("file://{path}");
    let main_uri = address(desk.file("a.rules", main));
    let other_uri = address(desk.file("b.rules", other));
    let list_uri = other_uri.replace("b.rules", "ours.txt");

    let mut editor = Editor::ready(&desk);
    editor.open(&main_uri, main);
    let mut found = [editor.findings(), editor.findings()];
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found[0], (main_uri.clone(), json!(1), Vec::new()));
    assert_eq!(found[1], (list_uri.clone(), Value::Null, vec!["H0118 1:0-1:8".to_owned()]));

    let place_of = |found: &Value| {
        (found["uri"].as_str().unwrap_or_default().to_owned(), place(&found["range"]))
    };
    let at = main.lines().nth(2).and_then(|line| line.find("base")).expect("a name");
    let at = u32::try_from(at).expect("a column");
    let found = editor.at("textDocument/definition", &main_uri, 2, at);
    assert_eq!(place_of(&found), (other_uri.clone(), "0:5-0:9".to_owned()));
    let found = editor.at("textDocument/definition", &main_uri, 1, 12);
    assert_eq!(place_of(&found), (other_uri.clone(), "0:0-0:0".to_owned()));
    let found = editor.at("textDocument/references", &main_uri, 2, at);
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    let hover = editor.at("textDocument/hover", &main_uri, 2, at);
    assert!(hover["contents"]["value"].as_str().is_some_and(|it| it.contains("b.rules:1")));

    // What is open goes first, and belongs to the policy that includes it.
    editor.open(&other_uri, &other.replace("base", "other"));
    let mut found = [editor.findings(), editor.findings()];
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found[0].0, main_uri);
    assert_eq!(found[0].2, [format!("H0106 2:{at}-2:{}", at + 4)]);
    assert_eq!(found[1], (other_uri.clone(), json!(1), Vec::new()));
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": other_uri } }));
    assert_eq!(editor.findings(), (main_uri.clone(), json!(1), Vec::new()));
    assert_eq!(editor.findings(), (other_uri.clone(), Value::Null, Vec::new()));

    // What no document reaches any more has no findings.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": main_uri } }));
    assert_eq!(editor.findings(), (main_uri, Value::Null, Vec::new()));
    assert_eq!(editor.findings(), (list_uri, Value::Null, Vec::new()));
}

#[test]
fn a_file_that_another_includes_is_no_policy_of_its_own() {
    let desk = Desk::new();
    desk.file("a.rules", "policy 1\ninclude \"b.rules\"\ndomains ours = [\"acme.io\"]\n");
    let other = "rule b { on reply except prospect.domain in ours pause prospect }\n";
    let uri = format!("file://{}", desk.file("b.rules", other));
    let mut editor = Editor::ready(&desk);
    editor.open(&uri, other);
    assert_eq!(editor.findings(), (uri.clone(), json!(1), Vec::new()));
    desk.file("a.rules", "policy 1\ninclude \"b.rules\"\n");
    let changes = json!([{ "uri": uri.replace("b.rules", "a.rules"), "type": 2 }]);
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    assert_eq!(editor.findings().2, ["H0105 0:44-0:48"]);
}

#[test]
fn a_test_is_run_from_its_lens() {
    let desk = Desk::new();
    let text = "policy 1
rule human { on reply where reply.kind is human pause prospect }
rule rest { on reply where reply.kind is not human ignore }
test \"passes\" {
  0d reply a@acme.io kind human => a@acme.io paused by human
}
test \"fails\" {
  0d reply a@acme.io kind auto => a@acme.io paused
}
";
    let mut editor = Editor::ready(&desk);
    editor.open(URI, text);
    assert_eq!(editor.findings().2.len(), 1, "the test that fails");
    let document = json!({ "textDocument": { "uri": URI } });
    let lenses = editor.ask("textDocument/codeLens", document);
    let shown = lenses.as_array().map_or(&[][..], Vec::as_slice).iter();
    let shown: Vec<_> = shown.map(|it| (place(&it["range"]), &it["command"]["title"])).collect();
    let title = json!("run test");
    assert_eq!(shown, [("3:0-3:4".to_owned(), &title), ("6:0-6:4".to_owned(), &title)]);

    for (lens, passed, told, kind) in
        [(0, true, "test `passes`: passed", 3), (1, false, "test `fails`: failed\nline 8: ", 1)]
    {
        let command = &lenses[lens]["command"];
        let params = json!({ "command": command["command"], "arguments": command["arguments"] });
        let result = editor.ask("workspace/executeCommand", params);
        assert_eq!(result["passed"], passed);
        let message = editor.notice("window/showMessage");
        assert_eq!(message["type"], kind);
        let said = message["message"].as_str().unwrap_or_default();
        assert!(said.starts_with(told), "{said}");
    }

    // Lines before it were added since the lens was made: the name says which is meant.
    editor.change(URI, 2, json!([{ "text": format!("# more\n{text}") }]));
    let params = json!({ "command": "holdline.runTest", "arguments": [URI, "fails", 5] });
    assert_eq!(editor.ask("workspace/executeCommand", params)["passed"], false);
    let params = json!({ "command": "holdline.runTest", "arguments": [URI, "gone", 5] });
    let answer = editor.answer("workspace/executeCommand", params);
    assert_eq!(answer["error"]["message"], "there is no test `gone`");
    editor.change(URI, 3, json!([{ "text": text.replace("paused by human", "paused by hman") }]));
    let params = json!({ "command": "holdline.runTest", "arguments": [URI, "passes", 2] });
    let told = editor.ask("workspace/executeCommand", params)["told"].clone();
    assert!(told.as_str().is_some_and(|it| it.starts_with("the policy does not compile: 1 error")));
}

#[test]
fn bad_input_is_answered_and_survived() {
    let desk = Desk::new();
    let mut editor = Editor::start(&desk);
    assert_eq!(editor.answer("textDocument/hover", json!({}))["error"]["code"], -32002);
    editor.tell("textDocument/didOpen", json!({ "textDocument": 3 }));
    editor.ask("initialize", json!({ "capabilities": {} }));
    assert_eq!(editor.answer("initialize", json!({ "capabilities": {} }))["error"]["code"], -32600);

    editor.raw(b"Content-Length: 3\r\n\r\n{{{");
    assert_eq!(editor.next()["error"]["code"], -32700);
    editor.raw(b"Content-Type: x\r\ncontent-length: 2\r\n\r\n[]");
    assert_eq!(editor.next()["error"]["code"], -32600);
    assert_eq!(editor.answer("nothing/atAll", Value::Null)["error"]["code"], -32601);
    for params in [Value::Null, json!([]), json!({ "textDocument": {} }), json!("x")] {
        let answer = editor.answer("textDocument/completion", params);
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    editor.tell("$/cancelRequest", json!({ "id": 1 }));
    editor.tell("textDocument/didChange", json!({ "textDocument": { "uri": URI, "version": 1 } }));
    editor.change("file:///unopened", 3, json!([{ "text": "x" }]));
    let answer = editor.answer("workspace/executeCommand", json!({ "command": "rm" }));
    assert_eq!(answer["error"]["code"], -32602);

    // Places that are not there, in documents that are or are not.
    editor.open("untitled:Untitled-1", "rule \u{feff}𝄞 { \"\r\r\n include \"x\"");
    let far = u32::MAX;
    for uri in ["untitled:Untitled-1", "file:///%zz", "", "file://"] {
        for method in ["hover", "completion", "definition", "references"] {
            for (line, character) in [(0, 0), (0, 7), (1, 1), (far, far), (0, far), (far, 0)] {
                editor.at(&format!("textDocument/{method}"), uri, line, character);
            }
        }
    }
    let range =
        json!({ "start": { "line": far, "character": 3 }, "end": { "line": 0, "character": 6 } });
    editor.change("untitled:Untitled-1", 2, json!([{ "range": range, "text": "y" }]));
    assert!(!editor.findings().2.is_empty());
    editor.ask("shutdown", Value::Null);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.code(), 0);
}

#[test]
fn who_goes_without_shutdown_is_told_so_by_the_exit_code() {
    let desk = Desk::new();
    let mut editor = Editor::ready(&desk);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.code(), 1);
    assert_eq!(Editor::ready(&desk).code(), 1);
    assert_eq!(Editor::start(&desk).code(), 1);
    let mut editor = Editor::ready(&desk);
    editor.raw(b"nonsense\r\n\r\n");
    assert_eq!(editor.code(), 3);
}
