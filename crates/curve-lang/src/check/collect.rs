//! Items: their names, types and signatures, and the values of constants.

use super::{
    Checker,
    body::Context,
    effects::Effects,
    names::{NameStyle, TypeName},
};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Const, Enum, ErrorId, EventId, Expr, Field, FnId, Function, Local, Named, Slot, SlotId, Struct},
    span::Span,
    syntax::ast::{self, FunctionKind, ItemKind, Name, TypeExpr, TypeKind},
    types::{EnumId, StructId, Type, UnitId},
};

/// Most items of one kind.
const MAX_ITEMS: usize = 512;

impl Checker<'_> {
    pub(super) fn collect(&mut self, file: &ast::File) {
        self.program.docs.clone_from(&file.docs);
        self.program.name = file
            .name
            .as_ref()
            .map_or_else(String::new, |name| name.text.clone());
        if let Some(name) = &file.name {
            self.check_style(name, NameStyle::Snake);
            self.describe(name.span, &format!("program {}", name.text), &file.docs);
        }
        self.built_in();
        self.declare_types(file);
        self.resolve_types(file);
        self.check_containment();
        for item in &file.items {
            self.declare_rest(item);
        }
        for item in &file.items {
            if let ItemKind::Const(name, ty, value) = &item.kind {
                self.constant(name, ty, value, &item.docs);
            }
        }
    }

    fn built_in(&mut self) {
        let named = |name: &str, docs: &str| Named {
            name: name.to_owned(),
            docs: docs.to_owned(),
            span: Span::default(),
        };
        self.program.units = vec![named("Asset", ""), named("Duration", "")];
        self.program.errors = vec![
            named("Insufficient", "a vault holds less than is moved"),
            named("Unspent", "money came in that lies in no vault"),
        ];
    }

    fn declare_types(&mut self, file: &ast::File) {
        for item in &file.items {
            let (name, count) = match &item.kind {
                ItemKind::Unit(name) => (name, self.program.units.len()),
                ItemKind::Struct(name, _) => (name, self.program.structs.len()),
                ItemKind::Enum(name, _) => (name, self.program.enums.len()),
                _ => continue,
            };
            let Some(id) = self.next_id(name, count) else {
                continue;
            };
            let named = Self::named(name, &item.docs);
            let found = match &item.kind {
                ItemKind::Unit(_) => {
                    self.program.units.push(named);
                    TypeName::Unit(UnitId(id))
                }
                ItemKind::Struct(..) => {
                    self.program.structs.push(Struct {
                        named,
                        fields: Vec::new(),
                    });
                    TypeName::Struct(StructId(id))
                }
                _ => {
                    self.program.enums.push(Enum {
                        named,
                        variants: Vec::new(),
                    });
                    TypeName::Enum(EnumId(id))
                }
            };
            self.items.types.insert(name.text.clone(), found);
            let word = item_word(&item.kind);
            self.describe(name.span, &format!("{word} {}", name.text), &item.docs);
        }
    }

    /// The next index, if the name is free and there is room.
    pub(super) fn next_id(&mut self, name: &Name, count: usize) -> Option<u16> {
        if !self.declare(name, NameStyle::Camel) {
            return None;
        }
        if count >= MAX_ITEMS {
            self.error(
                Code::TooLarge,
                name.span,
                format!("there are at most {MAX_ITEMS} of these"),
            );
            return None;
        }
        u16::try_from(count).ok()
    }

    fn resolve_types(&mut self, file: &ast::File) {
        for item in &file.items {
            match &item.kind {
                ItemKind::Struct(name, fields) => {
                    if let Some(TypeName::Struct(id)) = self.declared_here(name) {
                        let fields = self.fields(fields);
                        self.program.structs[usize::from(id.0)].fields = fields;
                    }
                }
                ItemKind::Enum(name, variants) => {
                    if let Some(TypeName::Enum(id)) = self.declared_here(name) {
                        let variants = self.variants(name, variants);
                        self.program.enums[usize::from(id.0)].variants = variants;
                    }
                }
                _ => {}
            }
        }
    }

    /// What the name means, if this is its declaration.
    fn declared_here(&self, name: &Name) -> Option<TypeName> {
        let here = self.items.declared.get(&name.text) == Some(&name.span);
        self.items.types.get(&name.text).copied().filter(|_| here)
    }

    fn fields(&mut self, fields: &[ast::Field]) -> Vec<Field> {
        let mut checked: Vec<Field> = Vec::new();
        let fields = self.bounded(fields, MAX_FIELDS, |field| field.name.span);
        for field in fields {
            self.check_style(&field.name, NameStyle::Snake);
            if let Some(first) = checked.iter().find(|f| f.named.name == field.name.text) {
                let first = first.named.span;
                self.report_duplicate(&field.name, first);
                continue;
            }
            let ty = self.ty(&field.ty);
            let shown = self.show(&ty);
            self.describe(
                field.name.span,
                &format!("{}: {shown}", field.name.text),
                &field.docs,
            );
            checked.push(Field {
                named: Self::named(&field.name, &field.docs),
                ty,
            });
        }
        checked
    }

    /// The first ones, and an error at the first one too many.
    fn bounded<'t, T>(&mut self, all: &'t [T], most: usize, span: impl Fn(&T) -> Span) -> &'t [T] {
        if let Some(extra) = all.get(most) {
            self.error(
                Code::TooLarge,
                span(extra),
                format!("there are at most {most} of these"),
            );
        }
        all.get(..most).unwrap_or(all)
    }

    fn variants(&mut self, of: &Name, variants: &[ast::Variant]) -> Vec<Struct> {
        let mut checked: Vec<Struct> = Vec::new();
        if variants.is_empty() {
            let title = format!("`{}` has no variants, so it has no values", of.text);
            self.error(Code::UnknownVariant, of.span, title);
        }
        let variants = self.bounded(variants, MAX_VARIANTS, |variant| variant.name.span);
        for variant in variants {
            self.check_style(&variant.name, NameStyle::Camel);
            if let Some(first) = checked.iter().find(|v| v.named.name == variant.name.text) {
                let first = first.named.span;
                self.report_duplicate(&variant.name, first);
                continue;
            }
            let fields = self.fields(&variant.fields);
            self.describe(
                variant.name.span,
                &format!("{}.{}", of.text, variant.name.text),
                &variant.docs,
            );
            checked.push(Struct {
                named: Self::named(&variant.name, &variant.docs),
                fields,
            });
        }
        checked
    }

    fn declare_rest(&mut self, item: &ast::Item) {
        match &item.kind {
            ItemKind::State(fields) => self.state(item, fields),
            ItemKind::Event(name, fields) => {
                if let Some(id) = self.next_id(name, self.program.events.len()) {
                    let fields = self.fields(fields);
                    self.describe(name.span, &format!("event {}", name.text), &item.docs);
                    self.check_record(name, fields.iter().map(|field| field.ty.clone()).collect());
                    self.items.events.insert(name.text.clone(), EventId(id));
                    self.program.events.push(Struct {
                        named: Self::named(name, &item.docs),
                        fields,
                    });
                }
            }
            ItemKind::Error(name) => {
                if let Some(id) = self.next_id(name, self.program.errors.len()) {
                    self.describe(name.span, &format!("error {}", name.text), &item.docs);
                    self.items.errors.insert(name.text.clone(), ErrorId(id));
                    self.program.errors.push(Self::named(name, &item.docs));
                }
            }
            ItemKind::Interface(name, signatures) => self.interface(name, signatures, &item.docs),
            ItemKind::Function(function) => self.signature(function, &item.docs),
            _ => {}
        }
    }

    fn state(&mut self, item: &ast::Item, fields: &[ast::Field]) {
        if let Some(first) = self.state_block.replace(item.span) {
            let title = "there is one `state` block";
            self.report(
                Diagnostic::new(Code::DuplicateName, item.span, title).other(first, "the other one is here"),
            );
            return;
        }
        for field in fields {
            self.check_style(&field.name, NameStyle::Snake);
            if let Some(first) = self.items.slots.get(&field.name.text) {
                let first = self.program.slots[first.index()].named.span;
                self.report_duplicate(&field.name, first);
                continue;
            }
            let at = self.program.slots.len();
            let Some(id) = u16::try_from(at).ok().filter(|_| at < MAX_SLOTS) else {
                self.error(
                    Code::TooLarge,
                    field.name.span,
                    format!("state has at most {MAX_SLOTS} fields"),
                );
                return;
            };
            let slot = self.slot(field);
            self.items.slots.insert(field.name.text.clone(), SlotId(id));
            self.program.slots.push(slot);
        }
    }

    fn slot(&mut self, field: &ast::Field) -> Slot {
        let (key, value) = match &field.ty.kind {
            TypeKind::Map(key, value) => (Some(self.key(key)), value.as_ref()),
            _ => (None, &field.ty),
        };
        let vault = Self::is_vault(value);
        let ty = if vault { Type::asset() } else { self.ty(value) };
        let shown = if vault { "Vault".to_owned() } else { self.show(&ty) };
        let shown = match &key {
            Some(key) => format!("map {} => {shown}", self.show(key)),
            None => shown,
        };
        self.describe(
            field.name.span,
            &format!("state.{}: {shown}", field.name.text),
            &field.docs,
        );
        Slot {
            named: Self::named(&field.name, &field.docs),
            key,
            value: ty,
            vault,
        }
    }

    fn key(&mut self, ty: &TypeExpr) -> Type {
        let key = match &ty.kind {
            TypeKind::Tuple(parts) => return self.keys(parts, ty.span),
            _ if Self::is_vault(ty) => Type::Bool,
            _ => self.ty(ty),
        };
        if key.is_key() {
            return key;
        }
        let title = format!("{} cannot be a key", self.show(&key));
        self.report(Diagnostic::new(Code::NotAKey, ty.span, title).note(
            "keys are numbers, times, heights, addresses and hashes; several stand in parentheses, `sha256(…)` makes a hash of anything",
        ));
        Type::Bad
    }

    /// Several keys.
    fn keys(&mut self, parts: &[TypeExpr], span: Span) -> Type {
        if !(2..=MAX_KEYS).contains(&parts.len()) {
            let title = format!("in parentheses are 2 to {MAX_KEYS} keys");
            self.error(Code::NotAKey, span, title);
            return Type::Bad;
        }
        let keys: Vec<Type> = parts.iter().map(|part| self.key(part)).collect();
        if keys.contains(&Type::Bad) {
            return Type::Bad;
        }
        Type::Tuple(keys)
    }

    fn signature(&mut self, function: &ast::Function, docs: &str) {
        let at = self.program.functions.len();
        if function.kind == FunctionKind::Init {
            if let Some(first) = self
                .program
                .functions
                .iter()
                .find(|f| f.kind == FunctionKind::Init)
            {
                let first = first.named.span;
                self.report_duplicate(&function.name, first);
                return;
            }
        } else if !self.declare(&function.name, NameStyle::Snake) {
            return;
        }
        let Some(id) = u16::try_from(at).ok().filter(|_| at < MAX_FUNCTIONS) else {
            self.error(
                Code::TooLarge,
                function.name.span,
                format!("there are at most {MAX_FUNCTIONS} functions"),
            );
            return;
        };
        if function.kind != FunctionKind::Init {
            self.items.functions.insert(function.name.text.clone(), FnId(id));
        }
        let checked = self.signature_types(function, docs);
        self.effects.push(Effects::default());
        self.program.functions.push(checked);
    }

    fn signature_types(&mut self, function: &ast::Function, docs: &str) -> Function {
        let mut locals = Vec::new();
        for param in &function.params {
            let ty = self.ty(&param.ty);
            locals.push(Local {
                name: param.name.text.clone(),
                span: param.name.span,
                ty,
                mutable: false,
            });
        }
        let result = function.result.as_ref().map_or(Type::Nothing, |ty| self.ty(ty));
        self.check_record(
            &function.name,
            locals.iter().map(|local| local.ty.clone()).collect(),
        );
        self.check_record(&function.name, vec![result.clone()]);
        self.check_clauses(function, &result);
        let shown: Vec<String> = locals
            .iter()
            .map(|l| format!("{}: {}", l.name, self.show(&l.ty)))
            .collect();
        let name = if function.kind == FunctionKind::Init {
            ""
        } else {
            &function.name.text
        };
        let payable = if function.payable.is_some() {
            " payable"
        } else {
            ""
        };
        let arrow = if result == Type::Nothing {
            String::new()
        } else {
            format!(" -> {}", self.show(&result))
        };
        let space = if name.is_empty() { "" } else { " " };
        let line = format!(
            "{}{space}{name}({}){payable}{arrow}",
            function.kind.word(),
            shown.join(", ")
        );
        self.describe(function.name.span, &line, docs);
        Function {
            named: Self::named(&function.name, docs),
            kind: function.kind,
            payable: function.payable.is_some(),
            params: u16::try_from(locals.len()).unwrap_or(0),
            locals,
            result,
            body: Expr::bad(function.body.span),
        }
    }

    /// `payable` and `->` stand only where they mean something.
    fn check_clauses(&mut self, function: &ast::Function, result: &Type) {
        if let Some(span) = function.payable
            && matches!(function.kind, FunctionKind::Fn | FunctionKind::View)
        {
            let title = format!("a `{}` takes no payment", function.kind.word());
            self.error(Code::NotPayable, span, title);
        }
        match (&function.result, function.kind) {
            (Some(ty), FunctionKind::Init) => {
                self.error(Code::NoReturn, ty.span, "`init` has nobody to return a value to");
            }
            (None, FunctionKind::View) if *result == Type::Nothing => {
                let title = format!("the view `{}` shows nothing", function.name.text);
                self.report(
                    Diagnostic::new(Code::NoValue, function.name.span, title)
                        .note("a view says what it returns: `view name() -> Type`"),
                );
            }
            _ => {}
        }
    }

    fn constant(&mut self, name: &Name, ty: &TypeExpr, value: &ast::Expr, docs: &str) {
        if !self.declare(name, NameStyle::Upper) {
            return;
        }
        let ty = self.ty(ty);
        self.begin(Context::Const);
        let checked = self.value(value, &ty);
        let value = self.evaluate(&checked).unwrap_or_else(|| self.program.zero(&ty));
        let ty = if matches!(checked.kind, crate::hir::ExprKind::Bad) {
            Type::Bad
        } else {
            ty
        };
        self.describe(
            name.span,
            &format!("const {}: {}", name.text, self.show(&ty)),
            docs,
        );
        self.items
            .consts
            .insert(name.text.clone(), self.program.consts.len());
        self.program.consts.push(Const {
            named: Self::named(name, docs),
            ty,
            value,
        });
    }
}

/// Most fields of a struct.
const MAX_FIELDS: usize = 64;
/// Most variants of an enum.
const MAX_VARIANTS: usize = 256;
/// Most fields of the state.
const MAX_SLOTS: usize = 256;
/// Most keys of a map.
const MAX_KEYS: usize = curvevm::limits::MAX_KEYS;
/// Most functions; invariants are functions, too.
const MAX_FUNCTIONS: usize = 448;

fn item_word(kind: &ItemKind) -> &'static str {
    match kind {
        ItemKind::Unit(_) => "unit",
        ItemKind::Struct(..) => "struct",
        _ => "enum",
    }
}
