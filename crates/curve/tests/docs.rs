//! Every block of the documentation: programs compile and pass their tests, transcripts show what the commands print.

mod common;

use common::{Playground, root};

/// A fenced block.
struct Block {
    /// What stands behind the fence: a language, then words for this test.
    info: String,
    text: String,
    line: usize,
}

fn blocks(document: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join("docs").join(document)).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, content) in (1..).zip(text.lines()) {
        match (content.strip_prefix("```"), &mut open) {
            (Some(""), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                open = Some(Block {
                    info: info.to_owned(),
                    text: String::new(),
                    line,
                })
            }
            (None, Some(block)) => block.text.extend([content, "\n"]),
            (None, None) => {}
            (Some(info), Some(_)) => panic!("{document}:{line}: `{info}` inside of a block"),
        }
    }
    assert!(open.is_none(), "{document}: a block without an end");
    blocks
}

/// Whether a line is as documented, where `…` stands for anything, also more or less space.
fn is_line(shown: &str, documented: &str) -> bool {
    let mut parts = documented.split('…');
    let Some(mut rest) = shown.strip_prefix(parts.next().unwrap_or_default().trim_end()) else {
        return false;
    };
    let mut last = "";
    let mut any = false;
    for part in parts {
        any = true;
        last = part;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    if any {
        last.is_empty() || rest.is_empty()
    } else {
        shown == documented
    }
}

/// Does what a block of commands says, and compares.
fn replay(block: &Block, here: &mut Playground) {
    let Block { text, line, .. } = block;
    let mut lines = text.lines().peekable();
    while let Some(command) = lines.next() {
        let command = command
            .strip_prefix("$ ")
            .unwrap_or_else(|| panic!("line {line}: {command} is no command"));
        let mut expected = Vec::new();
        while let Some(next) = lines.next_if(|next| !next.starts_with("$ ")) {
            expected.push(next);
        }
        let ran = here.run(command);
        let mut shown: Vec<String> = ran.shown.lines().map(str::to_owned).collect();
        if ran.code != 0 {
            shown.push(format!("[exit code {}]", ran.code));
        }
        let same = shown.len() == expected.len()
            && shown
                .iter()
                .zip(&expected)
                .all(|(shown, documented)| is_line(shown, documented));
        assert!(
            same,
            "line {line}: {command}\n{}\n--- is documented as\n{}",
            shown.join("\n"),
            expected.join("\n")
        );
    }
}

/// What a block makes of a file: a new one, a longer one, or one with another function of the same name.
fn change(file: &str, how: Option<&str>, text: &str) -> String {
    match how {
        Some("append") => format!("{file}\n{text}"),
        Some("edit") => {
            let head = text.lines().next().unwrap();
            let (before, old) = file
                .split_once(head)
                .unwrap_or_else(|| panic!("no `{head}` to edit"));
            let (_, after) = old.split_once("\n}\n").unwrap();
            format!("{before}{text}{after}")
        }
        _ => text.to_owned(),
    }
}

#[test]
fn the_reference_compiles() {
    let mut here = Playground::new();
    let mut programs = 0;
    for Block { info, text, line } in blocks("curve.md") {
        match info.as_str() {
            "curve" => {
                here.write("program.curve", &text);
                for command in [
                    "curve check --deny-warnings",
                    "curve fmt --check",
                    "curve test --cases 64",
                ] {
                    let ran = here.run(command);
                    assert_eq!(ran.code, 0, "docs/curve.md:{line}: {command}\n{}", ran.shown);
                }
                programs += 1;
            }
            "ebnf" | "text" => {}
            other => panic!("docs/curve.md:{line}: nothing checks a block of `{other}`"),
        }
    }
    assert!(programs >= 4, "{programs}");
}

#[test]
fn the_tutorial_is_as_it_says() {
    let mut here = Playground::new();
    let (mut programs, mut transcripts) = (0, 0);
    for block in blocks("curve-tutorial.md") {
        let words: Vec<&str> = block.info.split(' ').collect();
        match words.as_slice() {
            ["console"] => {
                replay(&block, &mut here);
                transcripts += 1;
            }
            ["curve", file, how @ ..] => {
                here.write(file, &change(&here.read(file), how.first().copied(), &block.text));
                let wrong = how.contains(&"wrong");
                let ran = here.run("curve check");
                assert_eq!(ran.code, i32::from(wrong), "line {}: {}", block.line, ran.shown);
                programs += 1;
            }
            other => panic!("line {}: nothing checks a block of {other:?}", block.line),
        }
    }
    assert!(programs >= 8 && transcripts >= 12, "{programs}, {transcripts}");
    let story = here.run("curve fmt --check && curve check --deny-warnings && curve test");
    assert_eq!(story.code, 0, "{}", story.shown);
}

#[test]
fn lines_differ_where_nothing_is_left_open() {
    for (shown, documented) in [
        ("gas      12", "gas      …"),
        ("a 5 b", "a … b"),
        ("a", "a"),
        ("x 12, 13 y", "x …, … y"),
    ] {
        assert!(is_line(shown, documented), "{shown} {documented}");
    }
    for (shown, documented) in [
        ("gas 12", "gas      … ASSET"),
        ("a 5 c", "a … b"),
        ("a", "b"),
        ("a b c", "a … b"),
        ("ab", "a"),
    ] {
        assert!(!is_line(shown, documented), "{shown} {documented}");
    }
}
