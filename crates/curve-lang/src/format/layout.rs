//! Where lines begin.

use std::collections::BTreeSet;

use super::{Piece, PieceKind};
use crate::syntax::{
    ast::{
        Block, Call, Expr, ExprKind, Field, FieldInit, File, ItemKind, Method, Script, Signature, Stmt,
        StmtKind, TypeExpr,
    },
    token::{CommentKind, TokenKind},
};

/// What the syntax tree and the source say about lines.
pub struct Layout {
    /// Where statements, items, fields and arms begin.
    starts: BTreeSet<usize>,
    /// Where items begin.
    items: BTreeSet<usize>,
    /// Where types are.
    types: Vec<(usize, usize)>,
    /// For each piece, whether it is within braces that stay on one line, or is one of them.
    inline: Vec<bool>,
    /// For each piece, how many newlines stand before it in the source.
    breaks: Vec<usize>,
}

impl Layout {
    pub fn new(source: &str, file: &File, pieces: &[Piece]) -> Self {
        let mut layout = Self {
            starts: BTreeSet::new(),
            items: BTreeSet::new(),
            types: Vec::new(),
            inline: inline(source, pieces),
            breaks: breaks(source, pieces),
        };
        layout.file(file);
        layout.types.sort_unstable();
        layout
    }

    /// How many newlines come before a piece, which may be outside of all brackets.
    pub fn newlines(&self, pieces: &[Piece], at: usize, outermost: bool) -> usize {
        let (piece, before) = (&pieces[at], &pieces[at.saturating_sub(1)]);
        let written = self.breaks[at];
        let blank = |wanted: bool| if wanted { 2 } else { 1 };
        if piece.is_comment() && written == 0 {
            return 0;
        }
        let file_docs = matches!(before.kind, PieceKind::Comment(CommentKind::FileDoc));
        let after_head = file_docs && !matches!(piece.kind, PieceKind::Comment(CommentKind::FileDoc));
        let item = self.items.contains(&piece.start);
        let after_block = outermost && before.is(TokenKind::CloseBrace) && (item || piece.is_comment());
        if after_head || after_block || (!before.is_comment() && self.follows_header(pieces, at)) {
            return 2;
        }
        if item {
            return blank(written > 1);
        }
        let close = piece.is(TokenKind::CloseBrace);
        if close && before.is(TokenKind::OpenBrace) {
            return 0;
        }
        let begins = self.starts.contains(&piece.start) && !self.inline[at];
        let outer = !self.inline[at];
        let forced = begins
            || before.is_comment()
            || (piece.is_comment() && written > 0)
            || (close && outer)
            || (before.is(TokenKind::OpenBrace) && outer);
        if forced {
            return blank(written > 1 && !before.is(TokenKind::OpenBrace) && !close);
        }
        let never = matches!(
            piece.kind,
            PieceKind::Token(
                TokenKind::OpenBrace
                    | TokenKind::Semicolon
                    | TokenKind::Comma
                    | TokenKind::Dot
                    | TokenKind::Else
            )
        );
        usize::from(written > 0 && !never)
    }

    /// Whether the line that begins with a piece goes on with what the line before began.
    pub fn continues(&self, pieces: &[Piece], at: usize, before: Piece) -> bool {
        let piece = &pieces[at];
        if piece.is_comment() || self.starts.contains(&piece.start) || self.items.contains(&piece.start) {
            return false;
        }
        let closes = matches!(
            piece.kind,
            PieceKind::Token(TokenKind::CloseBrace | TokenKind::CloseParen | TokenKind::CloseBracket)
        );
        let begins_list = matches!(
            before.kind,
            PieceKind::Token(
                TokenKind::OpenParen
                    | TokenKind::OpenBracket
                    | TokenKind::OpenBrace
                    | TokenKind::Comma
                    | TokenKind::Semicolon
            )
        );
        !closes && !begins_list && !before.is_comment()
    }

    /// Whether a place is inside of a type.
    pub fn in_type(&self, at: usize) -> bool {
        let after = self.types.partition_point(|(start, _)| *start <= at);
        let before = self.types.get(..after).unwrap_or_default();
        before.iter().rev().take(3).any(|(_, end)| at < *end)
    }

    /// Whether the last token before is the end of `program name;`.
    fn follows_header(&self, pieces: &[Piece], at: usize) -> bool {
        let tokens: Vec<&Piece> = pieces[..at]
            .iter()
            .filter(|piece| !piece.is_comment())
            .take(4)
            .collect();
        matches!(tokens.as_slice(), [first, _, _] if first.is(TokenKind::Program))
    }

    fn file(&mut self, file: &File) {
        for item in &file.items {
            self.items.insert(item.span.range().start);
            match &item.kind {
                ItemKind::Const(_, ty, value) => {
                    self.ty(ty);
                    self.expr(value);
                }
                ItemKind::Struct(_, fields) | ItemKind::Event(_, fields) | ItemKind::State(fields) => {
                    self.fields(fields);
                }
                ItemKind::Enum(_, variants) => {
                    for variant in variants {
                        self.starts.insert(variant.name.span.range().start);
                        self.fields(&variant.fields);
                    }
                }
                ItemKind::Function(function) => {
                    function.params.iter().for_each(|param| self.ty(&param.ty));
                    function.result.iter().for_each(|ty| self.ty(ty));
                    self.block(&function.body);
                }
                ItemKind::Interface(_, signatures) => signatures.iter().for_each(|one| self.signature(one)),
                ItemKind::Invariant(_, condition) => self.expr(condition),
                ItemKind::Test(_, block) => self.block(block),
                ItemKind::Unit(_) | ItemKind::Error(_) => {}
            }
        }
    }

    fn signature(&mut self, signature: &Signature) {
        self.starts.insert(signature.span.range().start);
        signature.params.iter().for_each(|param| self.ty(&param.ty));
        signature.result.iter().for_each(|ty| self.ty(ty));
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            self.starts.insert(field.name.span.range().start);
            self.ty(&field.ty);
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        self.types.push((ty.span.range().start, ty.span.range().end));
    }

    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            self.starts.insert(stmt.span.range().start);
            self.stmt(stmt);
        }
        if let Some(value) = &block.value {
            self.starts.insert(value.span.range().start);
            self.expr(value);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Let { ty, value, .. } => {
                ty.iter().for_each(|ty| self.ty(ty));
                self.expr(value);
            }
            StmtKind::Assign(place, _, value) => self.exprs([place, value]),
            StmtKind::Move {
                amount,
                source,
                target,
            } => {
                self.exprs(amount);
                self.exprs([source, target]);
            }
            StmtKind::Emit(_, inits) => self.inits(inits),
            StmtKind::For(_, low, high, body) => {
                self.exprs([low, high]);
                self.block(body);
            }
            StmtKind::Break => {}
            StmtKind::Return(value) => self.exprs(value),
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::Script(script) => self.script(script),
        }
    }

    fn script(&mut self, script: &Script) {
        match script {
            Script::Fund(who, amount) => self.exprs([who, amount]),
            Script::Deploy(call) => self.call(call),
            Script::Advance(value) | Script::Assert(value) => self.expr(value),
            Script::Expect(_, inits) => self.inits(inits),
            Script::ExpectNone => {}
            Script::ForAll(ranges, body) => {
                ranges.iter().for_each(|(_, low, high)| self.exprs([low, high]));
                self.block(body);
            }
        }
    }

    fn call(&mut self, call: &Call) {
        self.exprs(&call.args);
        self.expr(&call.from);
        self.exprs(call.paying.as_deref());
    }

    fn method(&mut self, method: &Method) {
        self.expr(&method.of);
        self.exprs(&method.args);
        if let Some((amount, vault)) = &method.paying {
            self.exprs([amount, vault]);
        }
        self.exprs(&method.into);
    }

    fn inits(&mut self, inits: &[FieldInit]) {
        for init in inits {
            self.starts.insert(init.name.span.range().start);
            self.exprs(&init.value);
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => self.exprs([a.as_ref(), b.as_ref()]),
            ExprKind::Not(inner) | ExprKind::Field(inner, _) | ExprKind::Require(inner, _) => {
                self.expr(inner)
            }
            ExprKind::Call(_, parts) | ExprKind::Tuple(parts) => self.exprs(parts),
            ExprKind::Method(method) => self.method(method),
            ExprKind::Struct(_, _, inits) => self.inits(inits),
            ExprKind::If(condition, then, otherwise) => {
                self.expr(condition);
                self.block(then);
                self.exprs(otherwise.as_deref());
            }
            ExprKind::Match(value, arms) => {
                self.expr(value);
                for arm in arms {
                    if let Some(pattern) = arm.patterns.first() {
                        self.starts.insert(pattern.span.range().start);
                    }
                    self.expr(&arm.value);
                }
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Transact(call) => self.call(call),
            _ => {}
        }
    }
}

/// How many newlines stand before each piece.
fn breaks(source: &str, pieces: &[Piece]) -> Vec<usize> {
    let mut end = 0;
    let mut breaks = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let between = source.get(end..piece.start).unwrap_or_default();
        breaks.push(between.bytes().filter(|byte| *byte == b'\n').count());
        end = piece.end;
    }
    breaks
}

/// Which pieces are in, or are, braces that stay on one line: those without a newline, a statement or a comment.
fn inline(source: &str, pieces: &[Piece]) -> Vec<bool> {
    let mut inline = vec![false; pieces.len()];
    let mut open: Vec<usize> = Vec::new();
    for at in 0..pieces.len() {
        if pieces[at].is(TokenKind::OpenBrace) {
            open.push(at);
        } else if pieces[at].is(TokenKind::CloseBrace)
            && let Some(first) = open.pop()
        {
            let text = source
                .get(pieces[first].start..pieces[at].end)
                .unwrap_or_default();
            let inner = &pieces[first..=at];
            let plain = !inner
                .iter()
                .any(|piece| piece.is(TokenKind::Semicolon) || piece.is_comment());
            // An outer pair that is one line makes its inner ones so, too.
            if !text.contains('\n') && plain && !open.iter().any(|outer| inline[*outer]) {
                inline[first..=at].fill(true);
            }
        }
    }
    inline
}
