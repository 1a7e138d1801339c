//! Calls of functions.

use super::{Checker, body::Context, intrinsic};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Expr, ExprKind, FnId},
    span::Span,
    syntax::ast::{self, FunctionKind, Name},
    types::Type,
};

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &Name, args: &[ast::Expr], span: Span, hint: Option<&Type>) -> Expr {
        if let Some((found, shown)) = intrinsic::find(&name.text) {
            self.refer_built_in(name.span, &format!("{}{shown}", name.text), "");
            return self.intrinsic(name, found, args, span, hint);
        }
        let Some(id) = self.items.functions.get(&name.text).copied() else {
            if let Some(interface) = self.items.interfaces.get(&name.text) {
                let definition = self.program.interfaces[interface.index()].named.span;
                self.refer(name.span, definition);
                let title = format!(
                    "`{0}` is another program, not a value: `{0}(address).function(…)`",
                    name.text
                );
                self.error(Code::NoValue, span, title);
            } else {
                self.unknown_function(name);
            }
            for arg in args {
                self.expr(arg, None);
            }
            return Expr::bad(span);
        };
        let definition = self.program.functions[id.index()].named.span;
        self.refer(name.span, definition);
        let kind = self.program.functions[id.index()].kind;
        if self.body.context == Context::Const {
            self.error(
                Code::NotConstant,
                span,
                "constants are made of literals, constants and built-in functions",
            );
            return Expr::bad(span);
        }
        if matches!(kind, FunctionKind::Entry | FunctionKind::Init) {
            self.not_callable(name, definition);
            return Expr::bad(span);
        }
        self.body.effects.calls.push((id, name.span));
        let args = self.arguments(id, name, args, span);
        let ty = self.program.functions[id.index()].result.clone();
        Expr {
            kind: ExprKind::Call(id, args),
            ty,
            span,
        }
    }

    fn not_callable(&mut self, name: &Name, definition: Span) {
        let title = format!("`{}` is called by transactions, not by the program", name.text);
        let mut diagnostic =
            Diagnostic::new(Code::NotCallable, name.span, title).other(definition, "an entry");
        diagnostic = if self.body.context == Context::Test {
            diagnostic.note(format!("in a test: `call {}(…) from account`", name.text))
        } else {
            diagnostic.note("code that entries share is a `fn`")
        };
        self.report(diagnostic);
    }

    fn unknown_function(&mut self, name: &Name) {
        let known = self.offered(self.items.functions.keys());
        let candidates = known.iter().map(String::as_str).chain(intrinsic::names());
        self.unknown(
            Code::UnknownName,
            name,
            format!("there is no function `{}`", name.text),
            candidates,
        );
    }

    /// The arguments for a function's parameters.
    pub(super) fn arguments(&mut self, id: FnId, name: &Name, args: &[ast::Expr], span: Span) -> Vec<Expr> {
        let function = &self.program.functions[id.index()];
        let count = usize::from(function.params);
        let params: Vec<Type> = function
            .locals
            .iter()
            .take(count)
            .map(|local| local.ty.clone())
            .collect();
        if params.len() != args.len() {
            self.wrong_count(name, params.len(), args.len(), span);
        }
        let mut checked = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            checked.push(match params.get(at) {
                Some(ty) => self.value(arg, ty),
                None => self.expr(arg, None),
            });
        }
        checked
    }
}
