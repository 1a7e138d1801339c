//! Files and items.

use super::{Parser, depth::empty_block};
use crate::{
    diagnostic::{Code, Diagnostic},
    span::Span,
    syntax::{
        ast::{Field, File, Function, FunctionKind, Item, ItemKind, Name, Param, Signature, Variant},
        token::{CommentKind, TokenKind},
    },
};

/// Whether an item begins with this.
fn begins_item(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        Program
            | Unit
            | Const
            | Struct
            | Enum
            | Event
            | Interface
            | Error
            | Fn
            | Init
            | Entry
            | View
            | Invariant
            | Test
    )
}

impl Parser<'_> {
    pub(super) fn file(&mut self) -> File {
        let docs = self.docs_before(CommentKind::FileDoc);
        let name = self.header();
        let mut items = Vec::new();
        while !self.is(TokenKind::End) {
            let before = self.at;
            match self.item() {
                Some(item) => items.push(item),
                None => self.skip_to_item(before),
            }
        }
        File { docs, name, items }
    }

    fn header(&mut self) -> Option<Name> {
        if !self.is(TokenKind::Program) {
            let title = "a file begins with the name of its program";
            let at = self.span().before();
            self.error(
                Diagnostic::new(Code::NoProgram, at, title)
                    .fix("name it", vec![(at, "program name;\n\n".to_owned())]),
            );
            self.reported = None;
            return None;
        }
        self.bump();
        let name = self.name();
        self.expect(TokenKind::Semicolon);
        name
    }

    /// Skips to where the next item may begin.
    fn skip_to_item(&mut self, before: usize) {
        if self.at == before {
            self.bump();
        }
        while !self.is(TokenKind::End) && !begins_item(self.kind()) && !self.begins_state() {
            self.bump();
        }
    }

    fn begins_state(&self) -> bool {
        self.is(TokenKind::State) && self.token(1).kind == TokenKind::OpenBrace
    }

    /// Whether an item begins here, where a statement could.
    pub(super) fn at_item(&self) -> bool {
        begins_item(self.kind()) || self.begins_state()
    }

    fn item(&mut self) -> Option<Item> {
        let docs = self.take_docs();
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::Unit => self.named(ItemKind::Unit),
            TokenKind::Error => self.named(ItemKind::Error),
            TokenKind::Const => self.constant(),
            TokenKind::Struct => self.with_fields(ItemKind::Struct),
            TokenKind::Event => self.with_fields(ItemKind::Event),
            TokenKind::Enum => self.enumeration(),
            TokenKind::State => {
                self.bump();
                Some(ItemKind::State(self.fields()))
            }
            TokenKind::Fn => self.function(FunctionKind::Fn),
            TokenKind::Init => self.function(FunctionKind::Init),
            TokenKind::Entry => self.function(FunctionKind::Entry),
            TokenKind::View => self.function(FunctionKind::View),
            TokenKind::Interface => self.interface(),
            TokenKind::Invariant => self.invariant(),
            TokenKind::Test => self.test(),
            _ => {
                self.unexpected("an item, such as `entry` or `state`");
                None
            }
        }?;
        Some(Item {
            docs,
            span: self.since(start),
            kind,
        })
    }

    /// `keyword Name;`
    fn named(&mut self, make: impl FnOnce(Name) -> ItemKind) -> Option<ItemKind> {
        self.bump();
        let name = self.name()?;
        self.expect(TokenKind::Semicolon);
        Some(make(name))
    }

    fn constant(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.name()?;
        self.expect(TokenKind::Colon);
        let ty = self.ty();
        self.expect(TokenKind::Assign);
        let value = self.expr();
        self.expect(TokenKind::Semicolon);
        Some(ItemKind::Const(name, ty, value))
    }

    fn with_fields(&mut self, make: impl FnOnce(Name, Vec<Field>) -> ItemKind) -> Option<ItemKind> {
        self.bump();
        let name = self.name()?;
        Some(make(name, self.fields()))
    }

    fn fields(&mut self) -> Vec<Field> {
        let open = self.span();
        let mut fields = Vec::new();
        if !self.expect(TokenKind::OpenBrace) {
            return fields;
        }
        self.list(TokenKind::CloseBrace, |parser| {
            let docs = parser.take_docs();
            if let Some(name) = parser.name() {
                parser.expect(TokenKind::Colon);
                let ty = parser.ty();
                fields.push(Field { docs, name, ty });
            }
        });
        self.close(TokenKind::CloseBrace, open);
        fields
    }

    fn enumeration(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.name()?;
        let open = self.span();
        let mut variants = Vec::new();
        if self.expect(TokenKind::OpenBrace) {
            self.list(TokenKind::CloseBrace, |parser| {
                let docs = parser.take_docs();
                if let Some(name) = parser.name() {
                    let fields = if parser.is(TokenKind::OpenBrace) {
                        parser.fields()
                    } else {
                        Vec::new()
                    };
                    variants.push(Variant { docs, name, fields });
                }
            });
            self.close(TokenKind::CloseBrace, open);
        }
        Some(ItemKind::Enum(name, variants))
    }

    fn function(&mut self, kind: FunctionKind) -> Option<ItemKind> {
        let word = self.bump().span;
        let name = match kind {
            FunctionKind::Init => Name {
                text: "init".to_owned(),
                span: word,
            },
            _ => self.name()?,
        };
        let params = self.params();
        let payable = self.is(TokenKind::Payable).then(|| self.bump().span);
        let result = self.eat(TokenKind::Arrow).then(|| self.ty());
        if payable.is_none() && self.is(TokenKind::Payable) {
            self.unexpected("`{`, for `payable` stands before `->`");
            self.bump();
        }
        let body = self.body();
        Some(ItemKind::Function(Function {
            kind,
            name,
            params,
            payable,
            result,
            body,
        }))
    }

    fn interface(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.name()?;
        let open = self.span();
        let mut signatures = Vec::new();
        if !self.expect(TokenKind::OpenBrace) {
            return Some(ItemKind::Interface(name, signatures));
        }
        while !self.is(TokenKind::CloseBrace) && !self.is(TokenKind::End) {
            let before = self.at;
            signatures.extend(self.signature());
            if self.at == before {
                self.bump();
            }
        }
        self.close(TokenKind::CloseBrace, open);
        Some(ItemKind::Interface(name, signatures))
    }

    /// Skips what could not be read, to behind its `;`.
    fn skip_signature(&mut self) {
        while !matches!(self.kind(), TokenKind::CloseBrace | TokenKind::End) {
            if self.bump().kind == TokenKind::Semicolon {
                return;
            }
        }
    }

    /// `entry name(…) payable -> type;` or `view name(…) -> type;`
    fn signature(&mut self) -> Option<Signature> {
        let docs = self.take_docs();
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::Entry => FunctionKind::Entry,
            TokenKind::View => FunctionKind::View,
            _ => {
                self.unexpected("`entry` or `view`");
                self.skip_signature();
                return None;
            }
        };
        self.bump();
        let name = self.name()?;
        let params = self.params();
        let payable = self.is(TokenKind::Payable).then(|| self.bump().span);
        let result = self.eat(TokenKind::Arrow).then(|| self.ty());
        self.expect(TokenKind::Semicolon);
        Some(Signature {
            docs,
            kind,
            name,
            params,
            payable,
            result,
            span: self.since(start),
        })
    }

    fn params(&mut self) -> Vec<Param> {
        let open = self.span();
        let mut params = Vec::new();
        if !self.expect(TokenKind::OpenParen) {
            return params;
        }
        self.list(TokenKind::CloseParen, |parser| {
            if let Some(name) = parser.name() {
                parser.expect(TokenKind::Colon);
                let ty = parser.ty();
                params.push(Param { name, ty });
            }
        });
        self.close(TokenKind::CloseParen, open);
        params
    }

    fn invariant(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.name()?;
        self.expect(TokenKind::Colon);
        let condition = self.expr();
        self.expect(TokenKind::Semicolon);
        Some(ItemKind::Invariant(name, condition))
    }

    fn test(&mut self) -> Option<ItemKind> {
        self.bump();
        if !self.is(TokenKind::Str) {
            self.unexpected("the test's name in quotes");
            return None;
        }
        let span = self.bump().span;
        let text = String::from_utf8_lossy(&self.string_value(span)).into_owned();
        self.in_test = true;
        let body = self.body();
        self.in_test = false;
        Some(ItemKind::Test(Name { text, span }, body))
    }

    fn body(&mut self) -> crate::syntax::ast::Block {
        if self.is(TokenKind::OpenBrace) {
            return self.block();
        }
        self.unexpected("`{`");
        empty_block(self.span())
    }

    /// Reports an item that begins inside of a body, if the body was closed properly; else the body is not closed.
    pub(super) fn stray_item(&mut self, open: Span) {
        let word = self.text(self.span());
        let title = format!("`{word}` begins an item, and this block is still open");
        self.error(
            Diagnostic::new(Code::StrayItem, self.span(), title)
                .label("items stand at the top of the file")
                .other(open, "opened here; is its `}` missing?"),
        );
    }
}
