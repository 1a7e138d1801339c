//! What editors ask about a place in a source.
//!
//! Diagnostics are [`crate::Checked::diagnostics`], layout is [`crate::format`]; lines and columns of offsets are
//! [`crate::span::LineIndex`].

use crate::{check::Checked, span::Span, symbols::Symbol};

/// The name at a place.
pub fn symbol(checked: &Checked, offset: u32) -> Option<&Symbol> {
    let after = checked
        .symbols
        .partition_point(|symbol| symbol.span.start <= offset);
    let before = checked.symbols.get(..after)?.iter().rev();
    // Names do not overlap; two may touch, and the one that begins here comes first.
    before
        .take_while(|symbol| symbol.span.start.abs_diff(offset) <= MAX_NAME)
        .find(|symbol| symbol.span.touches(offset))
}

/// No name is longer, or it is not found.
const MAX_NAME: u32 = 256;

/// What to show for the name at a place, in Markdown, and the name's span.
pub fn hover(checked: &Checked, offset: u32) -> Option<(Span, &str)> {
    symbol(checked, offset).map(|symbol| (symbol.span, symbol.hover.as_str()))
}

/// Where the name at a place is declared.
pub fn definition(checked: &Checked, offset: u32) -> Option<Span> {
    symbol(checked, offset)?.definition
}

/// All places that mean the same as the name at a place, its declaration included.
pub fn references(checked: &Checked, offset: u32) -> Vec<Span> {
    let Some(wanted) = definition(checked, offset) else {
        return Vec::new();
    };
    let mut found: Vec<Span> = checked
        .symbols
        .iter()
        .filter(|symbol| symbol.definition == Some(wanted))
        .map(|symbol| symbol.span)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// An item, for an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// The keyword that it is declared with.
    pub keyword: &'static str,
    /// Where its name stands.
    pub span: Span,
}

/// The items of a file that have names, in their order.
pub fn outline(checked: &Checked) -> Vec<Outline> {
    let program = &checked.program;
    let item = |keyword, named: &crate::hir::Named| Outline {
        name: named.name.clone(),
        keyword,
        span: named.span,
    };
    let mut items: Vec<Outline> = Vec::new();
    items.extend(program.units.iter().map(|unit| item("unit", unit)));
    items.extend(program.consts.iter().map(|found| item("const", &found.named)));
    items.extend(program.structs.iter().map(|found| item("struct", &found.named)));
    items.extend(program.enums.iter().map(|found| item("enum", &found.named)));
    items.extend(program.slots.iter().map(|found| item("state", &found.named)));
    items.extend(program.events.iter().map(|found| item("event", &found.named)));
    items.extend(
        program
            .interfaces
            .iter()
            .map(|found| item("interface", &found.named)),
    );
    items.extend(program.errors.iter().map(|error| item("error", error)));
    items.extend(
        program
            .functions
            .iter()
            .map(|found| item(found.kind.word(), &found.named)),
    );
    items.extend(
        program
            .invariants
            .iter()
            .map(|found| item("invariant", &found.named)),
    );
    items.extend(program.tests.iter().map(|found| item("test", &found.named)));
    // What the language declares has no place.
    items.retain(|item| item.span != Span::default());
    items.sort_by_key(|item| item.span);
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    const SOURCE: &str = "program p;\n\n/// Who owns it.\nconst LIMIT: Count = 3;\nstate { n: Count }\n\
                          fn next(step: Count) -> Count { state.n + step }\n\
                          entry go() { state.n = min(next(1), LIMIT); }\n";

    fn at(word: &str, nth: usize) -> u32 {
        let (offset, _) = SOURCE.match_indices(word).nth(nth).unwrap();
        u32::try_from(offset).unwrap()
    }

    #[test]
    fn names_lead_to_their_declarations() {
        let checked = check(SOURCE);
        let text = |span: Span| (&SOURCE[span.range()], span.start);
        assert_eq!(
            definition(&checked, at("LIMIT", 1)).map(text),
            Some(("LIMIT", at("LIMIT", 0)))
        );
        assert_eq!(
            definition(&checked, at("next", 1) + 4).map(text),
            Some(("next", at("next", 0)))
        );
        assert_eq!(
            definition(&checked, at("step", 1)).map(text),
            Some(("step", at("step", 0)))
        );
        assert_eq!(
            definition(&checked, at("n + step", 0)).map(text),
            Some(("n", at("n: Count", 0)))
        );
        assert_eq!(definition(&checked, at("min", 0)), None);
        assert_eq!(definition(&checked, 0), None);
        assert_eq!(references(&checked, at("n: Count", 0)).len(), 3);
    }

    #[test]
    fn hovers_say_what_names_are() {
        let checked = check(SOURCE);
        let shown = |offset| hover(&checked, offset).map(|(_, text)| text.to_owned());
        let limit = shown(at("LIMIT", 1)).unwrap();
        assert!(
            limit.contains("const LIMIT: Count") && limit.contains("Who owns it."),
            "{limit}"
        );
        assert!(
            shown(at("next", 1))
                .unwrap()
                .contains("fn next(step: Count) -> Count")
        );
        assert!(shown(at("min", 0)).unwrap().contains("the smaller one"));
        assert!(shown(at("Count", 0)).unwrap().contains("whole number"));
    }

    #[test]
    fn items_make_an_outline() {
        let items = outline(&check(SOURCE));
        let shown: Vec<String> = items
            .iter()
            .map(|item| format!("{} {}", item.keyword, item.name))
            .collect();
        assert_eq!(shown, ["const LIMIT", "state n", "fn next", "entry go"]);
    }
}
