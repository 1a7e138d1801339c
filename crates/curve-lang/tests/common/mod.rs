//! What several tests need.
#![allow(dead_code, reason = "not every test needs all of it")]

pub mod generate;
pub mod spoil;
pub mod world;

use std::{fs, path::Path};

use curve_lang::{diagnostic::Sink, syntax::lexer::lex};

/// The example programs, by name.
pub fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../curve/examples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut examples: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "curve"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    examples.sort();
    assert!(examples.len() >= 5, "{} examples", examples.len());
    examples
}

/// The programs in the language reference.
pub fn documented() -> Vec<String> {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/curve.md");
    let text = fs::read_to_string(reference).unwrap();
    let blocks = text.split("```curve\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// Splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// The same tokens and comments with other space between them.
pub fn respaced(source: &str, seed: u64) -> String {
    let mut random = Random(seed);
    let lexed = lex(source, &mut Sink::default());
    let mut spans: Vec<_> = lexed.tokens.iter().map(|token| (token.span, false)).collect();
    spans.extend(lexed.comments.iter().map(|comment| (comment.span, true)));
    spans.sort();
    let (mut text, mut end, mut comment) = (String::new(), 0, false);
    for (span, is_comment) in spans {
        let written = &source[end..span.range().start];
        if comment {
            text.push('\n');
        }
        match random.below(4) {
            _ if is_comment || comment => text.push_str(written),
            0 => text.push_str(written),
            1 if !written.is_empty() => text.push_str("\n\n\n  "),
            2 => text.push('\n'),
            _ => text.push_str(if written.is_empty() { "" } else { " " }),
        }
        text.push_str(&source[span.range()]);
        (end, comment) = (span.range().end, is_comment);
    }
    text
}
