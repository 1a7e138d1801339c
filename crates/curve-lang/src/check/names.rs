//! Names: which are taken, which were meant.

use std::collections::BTreeMap;

use super::Checker;
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{ErrorId, EventId, FnId, InterfaceId, Named, SlotId},
    span::Span,
    symbols::Symbol,
    syntax::ast::Name,
    types::{EnumId, StructId, UnitId},
};

/// What a type's name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeName {
    Unit(UnitId),
    Struct(StructId),
    Enum(EnumId),
}

/// The items by their names.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub types: BTreeMap<String, TypeName>,
    pub consts: BTreeMap<String, usize>,
    pub functions: BTreeMap<String, FnId>,
    pub slots: BTreeMap<String, SlotId>,
    pub events: BTreeMap<String, EventId>,
    pub errors: BTreeMap<String, ErrorId>,
    pub interfaces: BTreeMap<String, InterfaceId>,
    /// Of all items, for duplicates.
    pub declared: BTreeMap<String, Span>,
}

/// Types of the language.
pub(super) const BUILT_IN_TYPES: [&str; 11] = [
    "Bool", "Count", "Asset", "Duration", "Time", "Height", "Ratio", "Address", "Hash", "Bytes", "Wide",
];
/// Other names of the language.
const RESERVED: [&str; 18] = [
    "caller",
    "payment",
    "self",
    "now",
    "height",
    "address",
    "account",
    "ASSET",
    "nASSET",
    "Vault",
    "Overflow",
    "DivisionByZero",
    "OutOfRange",
    "Insufficient",
    "Unspent",
    "NotPayable",
    "Invariant",
    "Never",
];

/// How a name is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameStyle {
    /// `LikeThis`
    Camel,
    /// `LIKE_THIS`
    Upper,
    /// `like_this`
    Snake,
}

impl NameStyle {
    fn accepts(self, text: &str) -> bool {
        let text = text.trim_start_matches('_');
        match self {
            Self::Camel => text.starts_with(|c: char| c.is_ascii_uppercase()) && !text.contains('_'),
            Self::Upper => !text.contains(|c: char| c.is_ascii_lowercase()),
            Self::Snake => !text.contains(|c: char| c.is_ascii_uppercase()),
        }
    }

    fn convert(self, text: &str) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut lower_before = false;
        for c in text.chars() {
            if c == '_' || words.is_empty() || (c.is_ascii_uppercase() && lower_before) {
                words.push(String::new());
            }
            lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
            if let Some(word) = words.last_mut().filter(|_| c != '_') {
                word.push(c);
            }
        }
        words.retain(|word| !word.is_empty());
        match self {
            Self::Camel => words.iter().map(|word| capital(word)).collect(),
            Self::Upper => words.join("_").to_ascii_uppercase(),
            Self::Snake => words.join("_").to_ascii_lowercase(),
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Camel => "LikeThis",
            Self::Upper => "LIKE_THIS",
            Self::Snake => "like_this",
        }
    }
}

fn capital(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let mut chars = lower.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + chars.as_str()
    })
}

impl Checker<'_> {
    /// Declares an item, and says whether its name was free.
    pub(super) fn declare(&mut self, name: &Name, style: NameStyle) -> bool {
        self.check_style(name, style);
        if self.is_reserved(&name.text) {
            self.report_reserved(name);
            return false;
        }
        if let Some(first) = self.items.declared.get(&name.text).copied() {
            self.report_duplicate(name, first);
            return false;
        }
        self.items.declared.insert(name.text.clone(), name.span);
        true
    }

    pub(super) fn is_reserved(&self, text: &str) -> bool {
        RESERVED.contains(&text) || BUILT_IN_TYPES.contains(&text) || super::intrinsic::find(text).is_some()
    }

    pub(super) fn report_reserved(&mut self, name: &Name) {
        let title = format!("`{}` is a name of the language", name.text);
        self.report(Diagnostic::new(Code::ReservedName, name.span, title).label("choose another name"));
    }

    pub(super) fn report_duplicate(&mut self, name: &Name, first: Span) {
        let title = format!("`{}` is declared already", name.text);
        self.report(Diagnostic::new(Code::DuplicateName, name.span, title).other(first, "here"));
    }

    pub(super) fn check_style(&mut self, name: &Name, style: NameStyle) {
        if !style.accepts(&name.text) {
            let title = format!("`{}` is not written `{}`", name.text, style.example());
            let better = style.convert(&name.text);
            let mut diagnostic = Diagnostic::new(Code::NameStyle, name.span, title);
            if !better.is_empty() {
                diagnostic = diagnostic.note(format!("`{better}` would be"));
            }
            self.report(diagnostic);
        }
    }

    pub(super) fn named(name: &Name, docs: &str) -> Named {
        Named {
            name: name.text.clone(),
            docs: docs.to_owned(),
            span: name.span,
        }
    }

    /// Remembers what is shown for an item, and shows it at its declaration.
    pub(super) fn describe(&mut self, span: Span, declaration: &str, docs: &str) {
        let hover = hover(declaration, docs);
        self.symbols.push(Symbol {
            span,
            definition: Some(span),
            hover: hover.clone(),
        });
        self.hovers.insert(span, hover);
    }

    /// A name that stands for an item declared elsewhere.
    pub(super) fn refer(&mut self, span: Span, definition: Span) {
        self.used.insert(definition);
        let hover = self.hovers.get(&definition).cloned().unwrap_or_default();
        self.symbols.push(Symbol {
            span,
            definition: Some(definition),
            hover,
        });
    }

    /// A name of the language.
    pub(super) fn refer_built_in(&mut self, span: Span, declaration: &str, docs: &str) {
        self.symbols.push(Symbol {
            span,
            definition: None,
            hover: hover(declaration, docs),
        });
    }

    /// Names that an unknown one may have been meant to be, unless nobody hears of it any more.
    pub(super) fn offered<'n>(&self, names: impl Iterator<Item = &'n String>) -> Vec<String> {
        let room = if self.sink.is_full() { 0 } else { MAX_CANDIDATES };
        names.take(room).cloned().collect()
    }

    /// Reports a name that means nothing, with the one that was probably meant.
    pub(super) fn unknown<'n>(
        &mut self,
        code: Code,
        name: &Name,
        title: String,
        candidates: impl IntoIterator<Item = &'n str>,
    ) {
        if self.sink.is_full() {
            return;
        }
        let mut diagnostic = Diagnostic::new(code, name.span, title);
        if let Some(meant) = nearest(&name.text, candidates) {
            let fix = format!("perhaps `{meant}` was meant");
            diagnostic = diagnostic.fix(fix, vec![(name.span, meant.to_owned())]);
        }
        self.report(diagnostic);
    }
}

fn hover(declaration: &str, docs: &str) -> String {
    let mut text = format!("```curve\n{declaration}\n```");
    if !docs.is_empty() {
        text.push_str("\n\n");
        text.push_str(docs);
    }
    text
}

/// Most candidates that are compared with an unknown name.
const MAX_CANDIDATES: usize = 256;
/// Longer names are not compared.
const MAX_COMPARED: usize = 40;

/// The most similar name, if one is similar.
fn nearest<'n>(wanted: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if wanted.len() > MAX_COMPARED {
        return None;
    }
    let compared = candidates
        .into_iter()
        .filter(|name| name.len() <= MAX_COMPARED)
        .take(MAX_CANDIDATES);
    let (distance, name) = compared.map(|name| (distance(wanted, name), name)).min()?;
    (distance <= wanted.len() / 3).then_some(name)
}

/// How many letters must be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i.saturating_add(1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal.saturating_add(usize::from(!x.eq_ignore_ascii_case(&y)));
            diagonal = row[j.saturating_add(1)];
            let beside = row[j].min(diagonal).saturating_add(1);
            row[j.saturating_add(1)] = replaced.min(beside);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_restyled() {
        let cases = [
            (NameStyle::Camel, "not_owner", "NotOwner"),
            (NameStyle::Upper, "maxShares", "MAX_SHARES"),
            (NameStyle::Snake, "TotalSupply", "total_supply"),
        ];
        for (style, from, to) in cases {
            assert!(!style.accepts(from));
            assert_eq!(style.convert(from), to);
            assert!(style.accepts(to));
        }
    }

    #[test]
    fn similar_names_are_found() {
        assert_eq!(nearest("Adress", ["Asset", "Address"]), Some("Address"));
        assert_eq!(nearest("x", ["supply"]), None);
    }
}
