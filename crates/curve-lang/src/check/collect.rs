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
            named("Unspent", "something of the payment is left"),
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
    fn next_id(&mut self, name: &Name, count: usize) -> Option<u16> {
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

    /// Structs and enums do not contain themselves, and not too much.
    fn check_containment(&mut self) {
        let structs = self.program.structs.len();
        let mut sizes = vec![Size::Unknown; structs.saturating_add(self.program.enums.len())];
        for at in 0..sizes.len() {
            self.size_of(at, &mut sizes, 0);
        }
    }

    /// How many registers a struct or an enum takes.
    fn size_of(&mut self, at: usize, sizes: &mut [Size], depth: usize) -> usize {
        match sizes[at] {
            Size::Known(size) => return size,
            Size::Unknown if depth < MAX_NESTING => {}
            _ => {
                let named = self.aggregate(at);
                let title = format!("`{}` contains itself", named.name);
                let span = named.span;
                let deep = depth >= MAX_NESTING;
                let title = if deep {
                    "structs lie too deep within one another".to_owned()
                } else {
                    title
                };
                self.error(if deep { Code::TooDeep } else { Code::Recursion }, span, title);
                self.forget_fields(at);
                sizes[at] = Size::Known(0);
                return 0;
            }
        }
        sizes[at] = Size::InProgress;
        let parts: Vec<Type> = self.parts(at);
        let structs = self.program.structs.len();
        let mut size = usize::from(at >= structs);
        for part in parts {
            let inner = match part {
                Type::Struct(id) => self.size_of(usize::from(id.0), sizes, depth.saturating_add(1)),
                Type::Enum(id) => self.size_of(
                    structs.saturating_add(usize::from(id.0)),
                    sizes,
                    depth.saturating_add(1),
                ),
                _ => 1,
            };
            size = size.saturating_add(inner);
        }
        if size > MAX_SCALARS {
            let (name, span) = (self.aggregate(at).name.clone(), self.aggregate(at).span);
            let title = format!("`{name}` is made of {size} simple values");
            self.report(
                Diagnostic::new(Code::TooLarge, span, title)
                    .note(format!("the machine's records have at most {MAX_SCALARS}")),
            );
            self.forget_fields(at);
            size = 0;
        }
        if !matches!(sizes[at], Size::Known(_)) {
            sizes[at] = Size::Known(size);
        }
        size
    }

    fn aggregate(&self, at: usize) -> &Named {
        match at.checked_sub(self.program.structs.len()) {
            None => &self.program.structs[at].named,
            Some(at) => &self.program.enums[at].named,
        }
    }

    fn parts(&self, at: usize) -> Vec<Type> {
        let types = |fields: &[Field]| -> Vec<Type> { fields.iter().map(|field| field.ty.clone()).collect() };
        match at.checked_sub(self.program.structs.len()) {
            None => types(&self.program.structs[at].fields),
            Some(at) => self.program.enums[at]
                .variants
                .iter()
                .flat_map(|v| types(&v.fields))
                .collect(),
        }
    }

    /// After an error: what comes later must not run in circles.
    fn forget_fields(&mut self, at: usize) {
        match at.checked_sub(self.program.structs.len()) {
            None => self.program.structs[at]
                .fields
                .iter_mut()
                .for_each(|field| field.ty = Type::Bad),
            Some(at) => {
                let variants = self.program.enums[at].variants.iter_mut();
                variants
                    .flat_map(|v| &mut v.fields)
                    .for_each(|field| field.ty = Type::Bad);
            }
        }
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
            ItemKind::Function(function) => self.signature(function, &item.docs),
            _ => {}
        }
    }

    /// Records of the machine have a bounded number of fields.
    fn check_record(&mut self, name: &Name, types: Vec<Type>) {
        let size: usize = types
            .iter()
            .map(|ty| self.scalars(ty))
            .fold(0, usize::saturating_add);
        if size > MAX_SCALARS {
            let title = format!("`{}` is made of {size} simple values", name.text);
            self.report(
                Diagnostic::new(Code::TooLarge, name.span, title)
                    .note(format!("the machine's records have at most {MAX_SCALARS}")),
            );
        }
    }

    /// How many registers a value takes.
    pub(super) fn scalars(&self, ty: &Type) -> usize {
        match ty {
            Type::Nothing | Type::Never | Type::Bad => 0,
            Type::Struct(id) => {
                let fields = &self.program.structs[usize::from(id.0)].fields;
                fields
                    .iter()
                    .map(|field| self.scalars(&field.ty))
                    .fold(0, usize::saturating_add)
            }
            Type::Enum(id) => {
                let variants = &self.program.enums[usize::from(id.0)].variants;
                let fields = variants.iter().flat_map(|variant| &variant.fields);
                fields
                    .map(|field| self.scalars(&field.ty))
                    .fold(1, usize::saturating_add)
            }
            Type::Tuple(types) => types
                .iter()
                .map(|ty| self.scalars(ty))
                .fold(0, usize::saturating_add),
            _ => 1,
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
        let key = if Self::is_vault(ty) {
            Type::Bool
        } else {
            self.ty(ty)
        };
        if key.is_key() {
            return key;
        }
        let title = format!("{} cannot be a key", self.show(&key));
        self.report(Diagnostic::new(Code::NotAKey, ty.span, title).note(
            "keys are numbers, times, heights, addresses and hashes; `sha256(…)` makes a hash of anything",
        ));
        Type::Bad
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

/// Whether a struct's size is known yet.
#[derive(Clone, Copy, Debug)]
enum Size {
    Unknown,
    InProgress,
    Known(usize),
}

/// Deepest structs within structs.
const MAX_NESTING: usize = 16;
/// Most registers of a value, and most fields of the machine's records.
pub(super) const MAX_SCALARS: usize = 16;
/// Most fields of a struct.
const MAX_FIELDS: usize = 64;
/// Most variants of an enum.
const MAX_VARIANTS: usize = 256;
/// Most fields of the state.
const MAX_SLOTS: usize = 256;
/// Most functions; invariants are functions, too.
const MAX_FUNCTIONS: usize = 448;

fn item_word(kind: &ItemKind) -> &'static str {
    match kind {
        ItemKind::Unit(_) => "unit",
        ItemKind::Struct(..) => "struct",
        _ => "enum",
    }
}
