//! What is known inside of one function, invariant, constant or test.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Checker,
    names::{BUILT_IN_TYPES, NameStyle},
};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Local, LocalId, Named, Test},
    span::Span,
    symbols::Symbol,
    syntax::ast::{self, FunctionKind, ItemKind, Name},
    types::Type,
};

/// Most variables of a function.
const MAX_LOCALS: usize = 1024;

/// Where code stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Context {
    #[default]
    Const,
    Function(FunctionKind),
    Invariant,
    Test,
}

/// A variable and what happened to it.
#[derive(Debug, Default)]
pub(super) struct Usage {
    read: bool,
    assigned: bool,
}

impl Usage {
    pub(super) fn set_read(&mut self) {
        self.read = true;
    }
}

/// The state of checking one body.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub context: Context,
    pub locals: Vec<Local>,
    pub usage: Vec<Usage>,
    /// Variables that can be seen.
    pub visible: BTreeMap<String, LocalId>,
    /// Names that `let` declared, which could be `mut`.
    pub let_names: BTreeSet<Span>,
    pub loops: usize,
    pub payable: bool,
    pub payment_moved: bool,
    pub result: Type,
    pub effects: super::effects::Effects,
}

impl Checker<'_> {
    /// Checks everything that has a body. Constants were checked before.
    pub(super) fn bodies(&mut self, file: &ast::File) {
        let mut next = 0usize;
        for item in &file.items {
            match &item.kind {
                ItemKind::Function(function) if self.is_next(next, function) => {
                    self.function(next, function);
                    next = next.saturating_add(1);
                }
                ItemKind::Invariant(name, condition) => self.invariant(name, condition, &item.docs),
                ItemKind::Test(name, block) => self.test(name, block),
                _ => {}
            }
        }
    }

    /// Whether this is where the function of this place was declared; one of a taken name was left out.
    fn is_next(&self, at: usize, function: &ast::Function) -> bool {
        self.program
            .functions
            .get(at)
            .is_some_and(|found| found.named.span == function.name.span)
    }

    pub(super) fn begin(&mut self, context: Context) {
        self.body = Body {
            context,
            ..Body::default()
        };
    }

    fn function(&mut self, at: usize, function: &ast::Function) {
        self.begin(Context::Function(function.kind));
        self.body.payable = function.payable.is_some();
        self.body.result = self.program.functions[at].result.clone();
        let types: Vec<Type> = self.program.functions[at]
            .locals
            .iter()
            .map(|local| local.ty.clone())
            .collect();
        for (param, ty) in function.params.iter().zip(types) {
            self.local(&param.name, ty, None);
        }
        let result = self.body.result.clone();
        let body = self.body_block(&function.body, &result);
        if let Some(payable) = function.payable.filter(|_| !self.body.payment_moved) {
            self.report(
                Diagnostic::new(Code::PaymentUnused, payable, "the payment is never moved")
                    .label("so every payment would make it fail")
                    .note("`move payment to …;`, or remove `payable`"),
            );
        }
        self.finish_locals();
        self.body.effects.depth = function.body.depth;
        self.effects[at] = std::mem::take(&mut self.body.effects);
        let entry = &mut self.program.functions[at];
        entry.locals = std::mem::take(&mut self.body.locals);
        entry.body = body;
    }

    fn invariant(&mut self, name: &Name, condition: &ast::Expr, docs: &str) {
        if !self.declare(name, NameStyle::Snake) {
            return;
        }
        self.describe(name.span, &format!("invariant {}", name.text), docs);
        self.begin(Context::Invariant);
        let condition = self.value(condition, &Type::Bool);
        self.finish_locals();
        let effects = std::mem::take(&mut self.body.effects);
        self.program.invariants.push(crate::hir::Invariant {
            named: Self::named(name, docs),
            locals: std::mem::take(&mut self.body.locals),
            condition,
        });
        self.invariant_effects.push(effects);
    }

    fn test(&mut self, name: &Name, block: &ast::Block) {
        self.begin(Context::Test);
        let body = self.body_block(block, &Type::Nothing);
        self.finish_locals();
        let effects = std::mem::take(&mut self.body.effects);
        self.test_effects.push(effects);
        let named = Named {
            name: name.text.clone(),
            docs: String::new(),
            span: name.span,
        };
        let locals = std::mem::take(&mut self.body.locals);
        self.program.tests.push(Test { named, locals, body });
    }

    /// Declares a variable.
    pub(super) fn local(&mut self, name: &Name, ty: Type, mutable: Option<Span>) -> LocalId {
        self.check_style(name, NameStyle::Snake);
        let hidden = self
            .body
            .visible
            .get(&name.text)
            .map(|id| self.body.locals[id.index()].span);
        let hidden = hidden.or_else(|| {
            self.items
                .consts
                .get(&name.text)
                .map(|at| self.program.consts[*at].named.span)
        });
        if self.is_reserved(&name.text) && !BUILT_IN_TYPES.contains(&name.text.as_str()) {
            self.report_reserved(name);
        } else if let Some(first) = hidden {
            self.report_duplicate(name, first);
        }
        if self.body.locals.len() >= MAX_LOCALS {
            self.error(
                Code::TooLarge,
                name.span,
                format!("a function has at most {MAX_LOCALS} variables"),
            );
            return LocalId(0);
        }
        let id = LocalId(u16::try_from(self.body.locals.len()).unwrap_or(0));
        let keyword = if mutable.is_some() { "let mut" } else { "let" };
        let hover = format!("```curve\n{keyword} {}: {}\n```", name.text, self.show(&ty));
        self.symbols.push(Symbol {
            span: name.span,
            definition: Some(name.span),
            hover,
        });
        let local = Local {
            name: name.text.clone(),
            span: name.span,
            ty,
            mutable: mutable.is_some(),
        };
        self.body.locals.push(local);
        self.body.usage.push(Usage::default());
        self.body.visible.insert(name.text.clone(), id);
        id
    }

    /// Runs `inner`, and forgets the variables that it declares.
    pub(super) fn scope<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let first = self.body.locals.len();
        let result = inner(self);
        for at in first..self.body.locals.len() {
            let name = &self.body.locals[at].name;
            if self.body.visible.get(name).is_some_and(|id| id.index() == at) {
                self.body.visible.remove(name);
            }
        }
        result
    }

    pub(super) fn read_local(&mut self, id: LocalId, span: Span) {
        self.body.usage[id.index()].read = true;
        self.refer_local(id, span);
    }

    pub(super) fn assign_local(&mut self, id: LocalId, span: Span) {
        self.body.usage[id.index()].assigned = true;
        self.refer_local(id, span);
        let local = &self.body.locals[id.index()];
        if !local.mutable {
            let (name, declared) = (local.name.clone(), local.span);
            let mut diagnostic = Diagnostic::new(Code::NotMutable, span, format!("`{name}` does not change"))
                .other(declared, "declared here, without `mut`");
            if self.body.let_names.contains(&declared) {
                diagnostic = diagnostic.fix("let it change", vec![(declared.before(), "mut ".to_owned())]);
            }
            self.report(diagnostic);
        }
    }

    fn refer_local(&mut self, id: LocalId, span: Span) {
        let local = &self.body.locals[id.index()];
        let hover = format!("```curve\n{}: {}\n```", local.name, self.program.show(&local.ty));
        self.symbols.push(Symbol {
            span,
            definition: Some(local.span),
            hover,
        });
    }

    /// Reports what the variables of a body were not needed for.
    pub(super) fn finish_locals(&mut self) {
        for at in 0..self.body.locals.len() {
            let (local, usage) = (&self.body.locals[at], &self.body.usage[at]);
            let (name, span) = (local.name.clone(), local.span);
            if !usage.read && !name.starts_with('_') {
                self.report(
                    Diagnostic::new(Code::UnusedVariable, span, format!("`{name}` is never read"))
                        .note(format!("`_{name}` says that this is meant so")),
                );
            } else if local.mutable && !usage.assigned {
                self.error(
                    Code::UnneededMut,
                    span,
                    format!("`{name}` is never assigned again"),
                );
            }
        }
    }
}
