//! What names mean, for editors.

use crate::span::Span;

/// A name where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name.
    pub span: Span,
    /// Where it is declared; absent for what the language gives.
    pub definition: Option<Span>,
    /// What it is, as one would declare it, and its documentation, in Markdown.
    pub hover: String,
}
