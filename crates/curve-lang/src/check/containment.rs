//! What structs and enums are made of: not themselves, and not too much.

use super::Checker;
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Field, Named},
    syntax::ast::Name,
    types::Type,
};

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

impl Checker<'_> {
    /// Structs and enums do not contain themselves, and not too much.
    pub(super) fn check_containment(&mut self) {
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
                sizes[at] = Size::Known(1);
                return 1;
            }
        }
        sizes[at] = Size::InProgress;
        let parts: Vec<Type> = self.parts(at);
        let structs = self.program.structs.len();
        // What has nothing in it counts, too: so whoever walks through types does not walk long.
        let mut size = usize::from(at >= structs || parts.is_empty());
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
            size = 1;
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

    /// Records of the machine have a bounded number of fields.
    pub(super) fn check_record(&mut self, name: &Name, types: Vec<Type>) {
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
}
