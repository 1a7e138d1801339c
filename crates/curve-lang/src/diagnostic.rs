//! What the compiler has to say: a code, a place, a sentence, and if possible the edit that puts it right.

mod codes;
mod render;

use std::fmt;

pub use self::codes::Code;
pub use self::render::{Style, render};
use crate::span::Span;

/// No more than this many are kept: what follows so many errors is seldom news.
pub const MAX_DIAGNOSTICS: usize = 64;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program compiles, but probably does not mean this.
    Warning,
    /// The program does not compile.
    Error,
}

/// One thing to say about one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: Code,
    /// In one line, without a full stop.
    pub title: String,
    /// Where.
    pub span: Span,
    /// What to say at that place.
    pub label: Option<String>,
    /// Other places that matter, and why.
    pub others: Vec<(Span, String)>,
    /// What else to know.
    pub notes: Vec<String>,
    /// What would put it right.
    pub fix: Option<Fix>,
}

/// Edits that put something right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What they do, as an order.
    pub title: String,
    /// Replacements that do not overlap, in order.
    pub edits: Vec<(Span, String)>,
}

impl Diagnostic {
    /// With the least that there is to say.
    pub fn new(code: Code, span: Span, title: impl Into<String>) -> Self {
        let title = title.into();
        Self {
            code,
            title,
            span,
            label: None,
            others: Vec::new(),
            notes: Vec::new(),
            fix: None,
        }
    }

    /// Adds what to say at the place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = Some(text.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn other(mut self, span: Span, text: impl Into<String>) -> Self {
        self.others.push((span, text.into()));
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds what would put it right.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<(Span, String)>) -> Self {
        self.fix = Some(Fix {
            title: title.into(),
            edits,
        });
        self
    }

    /// Error or warning.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl Fix {
    /// The source with the edits made, unless they do not fit it.
    pub fn apply(&self, source: &str) -> Option<String> {
        let mut fixed = String::with_capacity(source.len());
        let mut at = 0;
        for (span, text) in &self.edits {
            fixed.push_str(source.get(at..span.range().start)?);
            fixed.push_str(text);
            at = span.range().end;
        }
        fixed.push_str(source.get(at..)?);
        Some(fixed)
    }
}

/// All there is to say about a source, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Whether something keeps the program from compiling.
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, diagnostic: Diagnostic) -> Self {
        self.0.push(diagnostic);
        self
    }

    /// In order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Whether there is nothing to say.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, diagnostic) in self.0.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{}: {}", diagnostic.code, diagnostic.title)?;
        }
        Ok(())
    }
}

/// Collects diagnostics while the compiler runs.
#[derive(Debug, Default)]
pub struct Sink {
    found: Vec<Diagnostic>,
}

impl Sink {
    /// Adds one, unless there are [`MAX_DIAGNOSTICS`] or the same was said of the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let said = |d: &Diagnostic| d.code == diagnostic.code && d.span == diagnostic.span;
        if self.found.len() < MAX_DIAGNOSTICS && !self.found.iter().any(said) {
            self.found.push(diagnostic);
        } else if diagnostic.severity() == Severity::Error && !self.has_errors() {
            self.found.pop();
            self.found.push(diagnostic);
        }
    }

    /// Whether it takes no more.
    pub const fn is_full(&self) -> bool {
        self.found.len() >= MAX_DIAGNOSTICS
    }

    /// Whether nothing was said.
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether an error was.
    pub fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// All of it, in order of the places. Where there are errors, warnings would only distract from them.
    pub fn finish(mut self) -> Diagnostics {
        if self.has_errors() {
            self.found
                .retain(|diagnostic| diagnostic.severity() == Severity::Error);
        }
        self.found
            .sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
        Diagnostics(self.found)
    }
}
