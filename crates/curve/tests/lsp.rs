//! An editor's session with the language server: the real process, over its standard input and output.

mod common;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use common::binary;
use serde_json::{Value, json};

const URI: &str = "file:///vault.curve";
/// With a mistake in its last but one line, behind characters of one, two and four bytes.
const WRONG: &str = "//! ä 𝄞\n\nprogram vault;\n\nerror Odd;\n\nstate { pot: Vault }\n\n/// Puts € in.\nentry put() payable { move payment to state.pot; }\n\nview pot() -> Asset { require len(\"𝄞\") == 4 else Odd; state.pott }\n";

struct Editor {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    requests: u64,
}

impl Editor {
    fn start() -> Self {
        let mut child = binary(&std::env::temp_dir())
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            to,
            from: BufReader::new(from),
            requests: 0,
        }
    }

    /// Starts, and says hello.
    fn connected() -> (Self, Value) {
        let mut editor = Self::start();
        let hello = editor.ask("initialize", json!({ "capabilities": {} }));
        editor.tell("initialized", json!({}));
        (editor, hello)
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.from.read_line(&mut line).unwrap(), 0, "the server is gone");
            match line.trim_end() {
                "" => break,
                header => {
                    if let Some(text) = header.strip_prefix("Content-Length: ") {
                        length = text.parse().unwrap();
                    }
                }
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The whole answer to a request.
    fn answer(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn open(&mut self, text: &str) -> Value {
        let document = json!({ "uri": URI, "languageId": "curve", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.diagnostics()
    }

    fn change(&mut self, text: &str) -> Value {
        let document = json!({ "uri": URI, "version": 2 });
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
        self.diagnostics()
    }

    fn diagnostics(&mut self) -> Value {
        let notice = self.receive();
        assert_eq!(notice["method"], "textDocument/publishDiagnostics", "{notice}");
        assert_eq!(notice["params"]["uri"], URI);
        notice["params"]["diagnostics"].clone()
    }

    fn close(mut self) -> i32 {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.child.wait().unwrap().code().unwrap()
    }
}

/// A place in the text, as editors count: lines, and UTF-16 units in them.
fn at(text: &str, part: &str, nth: usize) -> Value {
    let (offset, _) = text.match_indices(part).nth(nth).unwrap();
    let before = &text[..offset];
    let line = before.rsplit('\n').next().unwrap();
    json!({ "line": before.matches('\n').count(), "character": line.encode_utf16().count() })
}

fn document() -> Value {
    json!({ "uri": URI })
}

fn place(text: &str, part: &str, nth: usize) -> Value {
    json!({ "textDocument": document(), "position": at(text, part, nth) })
}

#[test]
fn a_mistake_is_shown_mended_and_looked_up() {
    let (mut editor, hello) = Editor::connected();
    assert_eq!(hello["serverInfo"]["name"], "curve");
    assert_eq!(hello["capabilities"]["positionEncoding"], "utf-16");

    let found = editor.open(WRONG);
    assert_eq!(found[0]["code"], "E0204");
    assert_eq!(
        (&found[0]["severity"], &found[0]["source"]),
        (&json!(1), &json!("curve"))
    );
    assert_eq!(found[0]["range"]["start"], at(WRONG, "pott", 0));

    let range = json!({ "start": at(WRONG, "pott", 0), "end": at(WRONG, "pott", 0) });
    let context = json!({ "diagnostics": [] });
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({ "textDocument": document(), "range": range, "context": context }),
    );
    let edit = &actions[0]["edit"]["changes"][URI][0];
    assert_eq!(
        (&actions[0]["kind"], &edit["newText"]),
        (&json!("quickfix"), &json!("pot"))
    );
    assert_eq!(edit["range"], found[0]["range"]);

    let right = WRONG.replace("state.pott", "state.pot");
    assert_eq!(editor.change(&right), json!([]));

    let hover = editor.ask("textDocument/hover", place(&right, "pot }", 0));
    assert!(
        hover["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("pot: Vault"),
        "{hover}"
    );
    assert_eq!(hover["range"]["start"], at(&right, "pot }", 0));

    let declared = editor.ask("textDocument/definition", place(&right, "pot }", 0));
    assert_eq!(
        (&declared["uri"], &declared["range"]["start"]),
        (&json!(URI), &at(&right, "pot: Vault", 0))
    );

    let mut asked = place(&right, "pot: Vault", 0);
    asked["context"] = json!({ "includeDeclaration": false });
    let references = editor.ask("textDocument/references", asked.clone());
    let starts: Vec<&Value> = references
        .as_array()
        .unwrap()
        .iter()
        .map(|found| &found["range"]["start"])
        .collect();
    assert_eq!(starts, [&at(&right, "pot; }", 0), &at(&right, "pot }", 0)]);
    asked["context"] = json!({ "includeDeclaration": true });
    let declared_too = editor.ask("textDocument/references", asked);
    assert_eq!(declared_too.as_array().unwrap().len(), 3);
    assert_eq!(editor.close(), 0);
}

#[test]
fn a_document_is_outlined_and_laid_out() {
    let (mut editor, _) = Editor::connected();
    let right = WRONG.replace("state.pott", "state.pot");
    assert_eq!(editor.open(&right), json!([]));

    let symbols = editor.ask(
        "textDocument/documentSymbol",
        json!({ "textDocument": document() }),
    );
    let names: Vec<&str> = symbols
        .as_array()
        .unwrap()
        .iter()
        .map(|symbol| symbol["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Odd", "pot", "put", "pot"]);

    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let formatting = json!({ "textDocument": document(), "options": options });
    let untidy = right.replace("Asset {", "Asset   {");
    assert_eq!(editor.change(&untidy), json!([]));
    let edits = editor.ask("textDocument/formatting", formatting.clone());
    let laid_out = curve_lang::format(&untidy).unwrap();
    assert_eq!(edits[0]["newText"], laid_out);
    assert_eq!(edits[0]["range"]["start"], json!({ "line": 0, "character": 0 }));
    let end = json!({ "line": untidy.lines().count(), "character": 0 });
    assert_eq!(edits[0]["range"]["end"], end);
    assert_eq!(editor.change(&laid_out), json!([]));
    assert_eq!(editor.ask("textDocument/formatting", formatting), json!([]));

    assert_eq!(editor.close(), 0);
}

#[test]
fn what_is_not_understood_does_no_harm() {
    let (mut editor, _) = Editor::connected();
    editor.tell("textDocument/didOpen", json!({ "nothing": "usable" }));
    editor.tell("workspace/didChangeSomething", json!({}));
    let answer = editor.answer("textDocument/inlineValue", json!({}));
    assert_eq!(answer["error"]["code"], -32601);
    let answer = editor.answer("textDocument/hover", json!({ "position": "here" }));
    assert_eq!(answer["error"]["code"], -32602);
    let nowhere = editor.ask("textDocument/hover", place(WRONG, "pot", 0));
    assert_eq!(nowhere, Value::Null, "not open");
    let found = editor.open("program p; state {");
    assert!(!found.as_array().unwrap().is_empty());
    let far = json!({ "textDocument": document(), "position": { "line": 4_000_000_000u32, "character": 4_000_000_000u32 } });
    editor.ask("textDocument/hover", far);
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let unreadable = editor.ask(
        "textDocument/formatting",
        json!({ "textDocument": document(), "options": options }),
    );
    assert_eq!(unreadable, Value::Null);
    let found = editor.change(&" ".repeat(300_000));
    assert_eq!(found[0]["code"], "E0004");
    editor.tell("textDocument/didClose", json!({ "textDocument": document() }));
    assert_eq!(
        editor.diagnostics(),
        json!([]),
        "nothing is wrong with what is closed"
    );
    assert_eq!(editor.close(), 0);
}

#[test]
fn an_editor_that_dies_is_noticed() {
    let (mut editor, _) = Editor::connected();
    drop(editor.to);
    assert_eq!(editor.child.wait().unwrap().code(), Some(1));
    let mut never = Editor::start();
    drop(never.to);
    assert_eq!(never.child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_message_that_is_too_long_ends_the_conversation() {
    let (mut editor, _) = Editor::connected();
    write!(editor.to, "Content-Length: 99999999999999\r\n\r\n{{").unwrap();
    editor.to.flush().unwrap();
    assert_eq!(editor.child.wait().unwrap().code(), Some(2));
}
