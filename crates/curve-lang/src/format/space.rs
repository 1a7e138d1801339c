//! Whether a space stands between two pieces of one line.

use super::{Piece, PieceKind, layout::Layout};
use crate::syntax::token::TokenKind;

pub fn between(source: &str, pieces: &[Piece], at: usize, layout: &Layout) -> bool {
    use TokenKind as T;
    let Some((before, piece)) = at.checked_sub(1).map(|before| (&pieces[before], &pieces[at])) else {
        return false;
    };
    let (PieceKind::Token(left), PieceKind::Token(right)) = (before.kind, piece.kind) else {
        return true;
    };
    let text = |piece: &Piece| source.get(piece.start..piece.end).unwrap_or_default();
    let in_type = layout.in_type(before.start) && layout.in_type(piece.start);
    let tight = |kind: T| matches!(kind, T::Less | T::Greater | T::Star | T::Slash | T::Power);
    match (left, right) {
        (T::OpenBrace, T::CloseBrace) => false,
        _ if in_type && (tight(left) || tight(right)) => false,
        (T::Power, _) | (_, T::Power) => false,
        (_, T::Slash) => is_rounding(pieces.get(at.saturating_add(1)), text),
        (T::Slash, _) => false,
        (T::Ident, T::OpenParen) => rounds(pieces, at, text),
        (T::Init, T::OpenParen) => false,
        (T::Ident | T::CloseParen | T::CloseBracket, T::OpenBracket) => false,
        (T::OpenParen | T::OpenBracket | T::Not | T::Dot | T::Range, _) => false,
        (_, T::CloseParen | T::CloseBracket | T::Comma | T::Semicolon | T::Dot | T::Colon | T::Range) => {
            false
        }
        _ => true,
    }
}

fn is_rounding<'s>(piece: Option<&Piece>, text: impl Fn(&Piece) -> &'s str) -> bool {
    piece.is_some_and(|piece| matches!(text(piece), "down" | "up"))
}

/// Whether the piece before is the end of `/down` or `/up`.
fn rounds<'s>(pieces: &[Piece], at: usize, text: impl Fn(&Piece) -> &'s str) -> bool {
    let slash = at.checked_sub(2).and_then(|slash| pieces.get(slash));
    slash.is_some_and(|slash| slash.is(TokenKind::Slash))
        && is_rounding(pieces.get(at.saturating_sub(1)), text)
}
