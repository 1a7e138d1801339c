//! Other programs: what is declared of them, and calls of it; and what can be asked of maps, which is written alike.

use super::{Checker, body::Context, names::NameStyle};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Expr, ExprKind, Field, Foreign, Interface, InterfaceId, Signature, SlotId, Vault},
    span::Span,
    syntax::ast::{self, FunctionKind, Method, Name},
    types::Type,
};

/// Most functions of other programs that a program declares.
const MAX_SIGNATURES: usize = curvevm::limits::MAX_INTERFACES;

impl Checker<'_> {
    pub(super) fn interface(&mut self, name: &Name, signatures: &[ast::Signature], docs: &str) {
        let Some(id) = self.next_id(name, self.program.interfaces.len()) else {
            return;
        };
        self.describe(name.span, &format!("interface {}", name.text), docs);
        let mut functions: Vec<Signature> = Vec::new();
        for signature in signatures {
            self.check_style(&signature.name, NameStyle::Snake);
            if let Some(first) = functions.iter().find(|f| f.named.name == signature.name.text) {
                let first = first.named.span;
                self.report_duplicate(&signature.name, first);
                continue;
            }
            functions.push(self.foreign_signature(signature));
        }
        let before: usize = self.program.interfaces.iter().map(|i| i.functions.len()).sum();
        if before.saturating_add(functions.len()) > MAX_SIGNATURES {
            let title = format!("there are at most {MAX_SIGNATURES} functions of other programs");
            self.error(Code::TooLarge, name.span, title);
            functions.clear();
        }
        self.items.interfaces.insert(name.text.clone(), InterfaceId(id));
        self.program.interfaces.push(Interface {
            named: Self::named(name, docs),
            functions,
        });
    }

    fn foreign_signature(&mut self, signature: &ast::Signature) -> Signature {
        let mut params = Vec::new();
        for param in &signature.params {
            let ty = self.ty(&param.ty);
            params.push(Field {
                named: Self::named(&param.name, ""),
                ty,
            });
        }
        let result = signature.result.as_ref().map_or(Type::Nothing, |ty| self.ty(ty));
        self.check_record(
            &signature.name,
            params.iter().map(|param| param.ty.clone()).collect(),
        );
        self.check_record(&signature.name, vec![result.clone()]);
        let view = signature.kind == FunctionKind::View;
        match signature.payable {
            Some(span) if view => self.error(Code::NotPayable, span, "a `view` takes no payment"),
            _ if view && signature.result.is_none() => {
                let title = format!("the view `{}` shows nothing", signature.name.text);
                self.error(Code::NoValue, signature.name.span, title);
            }
            _ => {}
        }
        let shown: Vec<String> = params
            .iter()
            .map(|param| format!("{}: {}", param.named.name, self.show(&param.ty)))
            .collect();
        let payable = if signature.payable.is_some() {
            " payable"
        } else {
            ""
        };
        let arrow = match &result {
            Type::Nothing => String::new(),
            ty => format!(" -> {}", self.show(ty)),
        };
        let (word, name) = (signature.kind.word(), &signature.name.text);
        let line = format!("{word} {name}({}){payable}{arrow}", shown.join(", "));
        self.describe(signature.name.span, &line, &signature.docs);
        Signature {
            named: Self::named(&signature.name, &signature.docs),
            view,
            payable: signature.payable.is_some(),
            params,
            result,
        }
    }

    /// `a.f(…)`
    pub(super) fn method(&mut self, method: &Method, span: Span) -> Expr {
        match &method.of.kind {
            ast::ExprKind::Field(state, name) if matches!(state.kind, ast::ExprKind::State) => {
                self.map_method(method, name, span)
            }
            ast::ExprKind::Call(name, address) if self.items.interfaces.contains_key(&name.text) => {
                self.foreign(method, name, address, span)
            }
            ast::ExprKind::Call(name, _)
                if name.text.starts_with(|c: char| c.is_ascii_uppercase())
                    && !self.items.functions.contains_key(&name.text) =>
            {
                let known = self.offered(self.items.interfaces.keys());
                let title = format!("there is no interface `{}`", name.text);
                self.unknown(Code::UnknownName, name, title, known.iter().map(String::as_str));
                Expr::bad(span)
            }
            _ => {
                let of = self.expr(&method.of, None);
                if of.ty != Type::Bad {
                    let title = format!("{} has no functions", self.show(&of.ty));
                    let note = "maps of the state have `has` and `remove`, other programs what their `interface` says";
                    self.report(Diagnostic::new(Code::UnknownField, method.name.span, title).note(note));
                }
                Expr::bad(span)
            }
        }
    }

    /// `state.map.has(key)` and `state.map.remove(key)`
    fn map_method(&mut self, method: &Method, map: &Name, span: Span) -> Expr {
        let Some(id) = self.slot_named(map) else {
            return Expr::bad(span);
        };
        let slot = &self.program.slots[id.index()];
        let (key, vault) = (slot.key.clone(), slot.vault);
        let Some(key) = key else {
            let title = format!("`state.{}` is not a map", map.text);
            self.error(Code::Mismatch, method.of.span, title);
            return Expr::bad(span);
        };
        let removes = match method.name.text.as_str() {
            "has" => false,
            "remove" => true,
            _ => {
                let title = format!("maps have no function `{}`", method.name.text);
                self.unknown(Code::UnknownField, &method.name, title, ["has", "remove"]);
                return Expr::bad(span);
            }
        };
        self.no_money(method);
        let shown = if removes {
            "remove(key)"
        } else {
            "has(key) -> Bool"
        };
        self.refer_built_in(method.name.span, shown, "Of a map of the state.");
        if removes {
            self.check_changes(span);
        }
        if removes && vault {
            let title = format!("`state.{}` holds money, which only `move` takes away", map.text);
            self.report(
                Diagnostic::new(Code::VaultAssigned, span, title)
                    .note("a vault from which everything was moved is empty"),
            );
            return Expr::bad(span);
        }
        self.map_call(method, id, &key, removes, span)
    }

    fn map_call(&mut self, method: &Method, id: SlotId, key: &Type, removes: bool, span: Span) -> Expr {
        let key = match (key, method.args.as_slice()) {
            (_, [one]) => self.value(one, key),
            (Type::Tuple(parts), args) if parts.len() == args.len() => {
                let pairs = args.iter().zip(parts);
                let values: Vec<Expr> = pairs.map(|(arg, ty)| self.value(arg, ty)).collect();
                Expr {
                    kind: ExprKind::Tuple(values),
                    ty: key.clone(),
                    span,
                }
            }
            (_, args) => {
                let wanted = if let Type::Tuple(parts) = key {
                    parts.len()
                } else {
                    1
                };
                self.wrong_count(&method.name, wanted, args.len(), span);
                return Expr::bad(span);
            }
        };
        let (kind, ty) = if removes {
            (ExprKind::Remove(id, Box::new(key)), Type::Nothing)
        } else {
            (ExprKind::Has(id, Box::new(key)), Type::Bool)
        };
        Expr { kind, ty, span }
    }

    fn no_money(&mut self, method: &Method) {
        let first = method
            .paying
            .as_ref()
            .map(|(amount, _)| amount)
            .or(method.into.as_ref());
        if let Some(first) = first {
            let title = "money goes only to and from other programs here";
            self.error(Code::NotPayable, first.span, title);
        }
    }

    /// `Name(address).f(…) paying a from b into c`
    fn foreign(&mut self, method: &Method, name: &Name, address: &[ast::Expr], span: Span) -> Expr {
        let id = self.items.interfaces[&name.text];
        let definition = self.program.interfaces[id.index()].named.span;
        self.refer(name.span, definition);
        let [address] = address else {
            self.wrong_count(name, 1, address.len(), method.of.span);
            return Expr::bad(span);
        };
        let functions = &self.program.interfaces[id.index()].functions;
        let Some(at) = functions.iter().position(|f| f.named.name == method.name.text) else {
            let known: Vec<String> = functions.iter().map(|f| f.named.name.clone()).collect();
            let title = format!("`{}` has no function `{}`", name.text, method.name.text);
            self.unknown(
                Code::UnknownField,
                &method.name,
                title,
                known.iter().map(String::as_str),
            );
            return Expr::bad(span);
        };
        let signature = functions[at].clone();
        self.refer(method.name.span, signature.named.span);
        if !self.may_call(&signature, span) {
            return Expr::bad(span);
        }
        let address = self.value(address, &Type::Address);
        let args = self.foreign_args(&signature, method, span);
        let paying = self.foreign_payment(&signature, method);
        let into = method.into.as_ref().and_then(|into| self.vault_or_report(into));
        let foreign = Foreign {
            interface: id,
            function: u16::try_from(at).unwrap_or(u16::MAX),
            address,
            args,
            paying,
            into,
        };
        Expr {
            kind: ExprKind::Foreign(Box::new(foreign)),
            ty: signature.result,
            span,
        }
    }

    /// Whether another program can be called here. An entry of it may change everything but this program.
    fn may_call(&mut self, signature: &Signature, span: Span) -> bool {
        match self.body.context {
            Context::Const => {
                self.error(
                    Code::NotConstant,
                    span,
                    "other programs are not known to the compiler",
                );
                return false;
            }
            Context::Test => {
                self.error(
                    Code::NotInTests,
                    span,
                    "a test calls the program that it belongs to",
                );
                return false;
            }
            _ => {}
        }
        self.body.effects.leaves.get_or_insert(span);
        if !signature.view {
            self.body.effects.writes.get_or_insert(span);
        }
        true
    }

    fn foreign_args(&mut self, signature: &Signature, method: &Method, span: Span) -> Vec<Expr> {
        if signature.params.len() != method.args.len() {
            self.wrong_count(&method.name, signature.params.len(), method.args.len(), span);
        }
        let mut args = Vec::new();
        for (at, arg) in method.args.iter().enumerate() {
            args.push(match signature.params.get(at) {
                Some(param) => self.value(arg, &param.ty),
                None => self.expr(arg, None),
            });
        }
        args
    }

    fn foreign_payment(&mut self, signature: &Signature, method: &Method) -> Option<(Expr, Vault)> {
        let (amount, vault) = method.paying.as_ref()?;
        if !signature.payable {
            let title = format!("`{}` takes no payment", signature.named.name);
            let diagnostic = Diagnostic::new(Code::NotPayable, amount.span, title);
            self.report(diagnostic.other(signature.named.span, "declared here, without `payable`"));
        }
        let amount = self.value(amount, &Type::asset());
        let vault = self.vault_or_report(vault)?;
        Some((amount, vault))
    }

    fn vault_or_report(&mut self, expr: &ast::Expr) -> Option<Vault> {
        self.check_changes(expr.span);
        let vault = self.vault(expr);
        if vault.is_none() {
            self.not_a_vault(expr);
        }
        vault
    }
}
