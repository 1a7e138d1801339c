//! Statements of tests.

use super::{Checker, body::Context, stmt::passes};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Call, Expr, ExprKind, Failure, FnId, Script, StmtKind},
    span::Span,
    syntax::ast::{self, Block, FieldInit, FunctionKind, Name},
    types::Type,
};

/// Most values that one `for all` varies.
const MAX_VARIED: usize = 8;

impl Checker<'_> {
    pub(super) fn script(&mut self, script: &ast::Script, span: Span) -> StmtKind {
        // The parser has said so.
        if self.body.context != Context::Test {
            return StmtKind::Expr(Expr::bad(span));
        }
        let script = match script {
            ast::Script::Fund(who, amount) => {
                let who = self.value(who, &Type::Address);
                Script::Fund(who, self.value(amount, &Type::asset()))
            }
            ast::Script::Deploy(call) => {
                let init = self.program.init();
                match self.transaction(call, init) {
                    Some(call) => Script::Deploy(call),
                    None => return StmtKind::Expr(Expr::bad(span)),
                }
            }
            ast::Script::Advance(value) => {
                let value = self.any_value(value, None);
                if !passes(&value.ty) {
                    let title = format!(
                        "a `Duration` or a `Count` of blocks passes, not {}",
                        self.show(&value.ty)
                    );
                    self.error(Code::Mismatch, value.span, title);
                }
                Script::Advance(value)
            }
            ast::Script::Assert(condition) => Script::Assert(self.value(condition, &Type::Bool)),
            ast::Script::Expect(name, inits) => return self.expect_event(name, inits, span),
            ast::Script::ExpectNone => Script::ExpectNone,
            ast::Script::ForAll(ranges, body) => self.for_all(ranges, body),
        };
        StmtKind::Script(script)
    }

    /// The fields that are not given do not matter.
    fn expect_event(&mut self, name: &Name, inits: &[FieldInit], span: Span) -> StmtKind {
        match self.event(name, inits) {
            Some((id, fields)) => {
                let values = self.given(&fields, inits, name);
                StmtKind::Script(Script::Expect(id, values))
            }
            None => StmtKind::Expr(Expr::bad(span)),
        }
    }

    fn for_all(&mut self, ranges: &[(Name, ast::Expr, ast::Expr)], body: &Block) -> Script {
        if let Some((name, _, _)) = ranges.get(MAX_VARIED) {
            self.error(
                Code::TooLarge,
                name.span,
                format!("at most {MAX_VARIED} values vary at a time"),
            );
        }
        let mut bounds = Vec::new();
        for (name, low, high) in ranges {
            let range = self.range(low, high);
            if let Some((_, low, high)) = range.as_ref().filter(|(_, low, high)| low >= high) {
                let title = format!("there is nothing between {low} and {high}");
                self.error(Code::EmptyRange, name.span, title);
            }
            bounds.push(range.unwrap_or((Type::Bad, 0, 1)));
        }
        self.scope(|checker| {
            let mut varied = Vec::new();
            for ((name, _, _), (ty, low, high)) in ranges.iter().zip(bounds) {
                varied.push((checker.local(name, ty.clone(), None), ty, low, high));
            }
            let body = checker.block(body, Some(&Type::Nothing));
            Script::ForAll(varied, body)
        })
    }

    /// `call entry(…) …`
    pub(super) fn transact(&mut self, call: &ast::Call, span: Span) -> Expr {
        if self.body.context != Context::Test {
            return Expr::bad(span);
        }
        let Some(id) = self.entry(&call.entry) else {
            return Expr::bad(span);
        };
        let fails = call.fails.is_some();
        let Some(call) = self.transaction(call, Some(id)) else {
            return Expr::bad(span);
        };
        let result = self.program.functions[id.index()].result.clone();
        let ty = if fails { Type::Nothing } else { result };
        Expr {
            kind: ExprKind::Transact(Box::new(call)),
            ty,
            span,
        }
    }

    fn entry(&mut self, name: &Name) -> Option<FnId> {
        let found = self.items.functions.get(&name.text).copied();
        let Some(id) = found else {
            let known = self.offered(self.items.functions.keys());
            let title = format!("there is no entry `{}`", name.text);
            self.unknown(Code::UnknownName, name, title, known.iter().map(String::as_str));
            return None;
        };
        let function = &self.program.functions[id.index()];
        let (kind, definition) = (function.kind, function.named.span);
        self.refer(name.span, definition);
        if kind != FunctionKind::Entry {
            let title = format!(
                "`{}` is a `{}`, and only entries are called by transactions",
                name.text,
                kind.word()
            );
            self.report(
                Diagnostic::new(Code::NotCallable, name.span, title).other(definition, "declared here"),
            );
            return None;
        }
        Some(id)
    }

    fn transaction(&mut self, call: &ast::Call, function: Option<FnId>) -> Option<Call> {
        let span = call.entry.span;
        let args = match function {
            Some(id) => self.arguments(id, &call.entry, &call.args, span),
            None => {
                if !call.args.is_empty() {
                    self.wrong_count(&call.entry, 0, call.args.len(), span);
                }
                Vec::new()
            }
        };
        let from = self.value(&call.from, &Type::Address);
        let paying = call
            .paying
            .as_ref()
            .map(|amount| self.value(amount, &Type::asset()));
        let fails = match &call.fails {
            None => None,
            Some((_, None)) => Some(Failure::Any),
            Some((_, Some(name))) => Some(self.failure_named(name)?),
        };
        Some(Call {
            function,
            args,
            from,
            paying,
            fails,
        })
    }

    fn failure_named(&mut self, name: &Name) -> Option<Failure> {
        let built_in = match name.text.as_str() {
            "Overflow" => Some(Failure::Overflow),
            "DivisionByZero" => Some(Failure::DivisionByZero),
            "OutOfRange" => Some(Failure::OutOfRange),
            "NotPayable" => Some(Failure::NotPayable),
            "Invariant" => Some(Failure::Invariant),
            "Insufficient" => Some(Failure::Error(crate::hir::Program::INSUFFICIENT)),
            "Unspent" => Some(Failure::Error(crate::hir::Program::UNSPENT)),
            _ => None,
        };
        if built_in.is_some() {
            return built_in;
        }
        if let Some(id) = self.items.errors.get(&name.text).copied() {
            let definition = self.program.errors[id.index()].span;
            self.refer(name.span, definition);
            return Some(Failure::Error(id));
        }
        let known = self.offered(self.items.errors.keys());
        let built_in = [
            "Overflow",
            "DivisionByZero",
            "OutOfRange",
            "Insufficient",
            "Unspent",
            "NotPayable",
            "Invariant",
        ];
        let candidates = known.iter().map(String::as_str).chain(built_in);
        self.unknown(
            Code::UnknownFailure,
            name,
            format!("there is no failure `{}`", name.text),
            candidates,
        );
        None
    }
}
