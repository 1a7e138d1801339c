//! Types as written to types.

use super::{
    Checker,
    names::{BUILT_IN_TYPES, TypeName},
};
use crate::{
    diagnostic::{Code, Diagnostic},
    syntax::ast::{ExprKind, Name, TypeExpr, TypeKind, UnitPower},
    types::{Dimension, Type, UnitId},
};

/// Longest byte string.
pub(super) const MAX_BYTES: u16 = 1024;

impl Checker<'_> {
    /// The type of a value.
    pub(super) fn ty(&mut self, ty: &TypeExpr) -> Type {
        match &ty.kind {
            TypeKind::Units(units) => match units.as_slice() {
                [UnitPower { name, power: 1 }] => self.named_type(name),
                units => self.dimension(units).map_or(Type::Bad, Type::Number),
            },
            TypeKind::Bytes(name, size) if name.text == "Bytes" => self.bytes(size),
            TypeKind::Bytes(name, _) => {
                self.error(
                    Code::UnknownType,
                    name.span,
                    format!("`{}` has no parameter", name.text),
                );
                Type::Bad
            }
            TypeKind::Wide(name, units) => {
                self.refer_built_in(name.span, "Wide<unit>", "A number of 128 bits.");
                self.dimension(units).map_or(Type::Bad, Type::Wide)
            }
            TypeKind::Map(..) => {
                self.not_allowed(ty, "a map");
                Type::Bad
            }
            TypeKind::Tuple(_) => {
                self.not_allowed(ty, "a tuple of keys");
                Type::Bad
            }
            TypeKind::Bad => Type::Bad,
        }
    }

    pub(super) fn not_allowed(&mut self, ty: &TypeExpr, what: &str) {
        let title = format!("{what} exists only in `state`");
        self.error(Code::TypeNotAllowed, ty.span, title);
    }

    /// Whether it says `Vault`.
    pub(super) fn is_vault(ty: &TypeExpr) -> bool {
        matches!(&ty.kind, TypeKind::Units(units)
            if matches!(units.as_slice(), [UnitPower { name, power: 1 }] if name.text == "Vault"))
    }

    fn named_type(&mut self, name: &Name) -> Type {
        let ty = match name.text.as_str() {
            "Bool" => Type::Bool,
            "Count" => Type::COUNT,
            "Asset" => Type::asset(),
            "Duration" => Type::duration(),
            "Time" => Type::Time,
            "Height" => Type::Height,
            "Ratio" => Type::Ratio,
            "Address" => Type::Address,
            "Hash" => Type::Hash,
            "Vault" => {
                let title = "a vault exists only as a field of `state`";
                self.report(
                    Diagnostic::new(Code::TypeNotAllowed, name.span, title)
                        .fix("an amount is an `Asset`", vec![(name.span, "Asset".to_owned())]),
                );
                return Type::Bad;
            }
            "Bytes" | "Wide" => {
                let title = format!("`{}` needs its parameter: `Bytes<32>`, `Wide<Asset>`", name.text);
                self.error(Code::UnknownType, name.span, title);
                return Type::Bad;
            }
            _ => return self.declared_type(name),
        };
        self.refer_built_in(name.span, &name.text, built_in_docs(&name.text));
        ty
    }

    fn declared_type(&mut self, name: &Name) -> Type {
        let Some(found) = self.items.types.get(&name.text).copied() else {
            self.unknown_type(name);
            return Type::Bad;
        };
        self.refer_type(name, found);
        match found {
            TypeName::Unit(id) => Type::Number(Dimension::of(id)),
            TypeName::Struct(id) => Type::Struct(id),
            TypeName::Enum(id) => Type::Enum(id),
        }
    }

    pub(super) fn refer_type(&mut self, name: &Name, found: TypeName) {
        let definition = match found {
            TypeName::Unit(id) => self.program.units[usize::from(id.0)].span,
            TypeName::Struct(id) => self.program.structs[usize::from(id.0)].named.span,
            TypeName::Enum(id) => self.program.enums[usize::from(id.0)].named.span,
        };
        self.refer(name.span, definition);
    }

    pub(super) fn unknown_type(&mut self, name: &Name) {
        let declared = self.offered(self.items.types.keys());
        let candidates = BUILT_IN_TYPES
            .iter()
            .copied()
            .chain(declared.iter().map(String::as_str));
        self.unknown(
            Code::UnknownType,
            name,
            format!("there is no type `{}`", name.text),
            candidates,
        );
    }

    /// The product of units as written in a type.
    fn dimension(&mut self, units: &[UnitPower]) -> Option<Dimension> {
        let mut product = Dimension::COUNT;
        for UnitPower { name, power } in units {
            let unit = self.unit(name)?;
            let Some(next) = unit.power(*power).and_then(|unit| product.times(&unit)) else {
                self.error(Code::BadUnit, name.span, "the powers of this unit are too large");
                return None;
            };
            product = next;
        }
        Some(product)
    }

    fn unit(&mut self, name: &Name) -> Option<Dimension> {
        match name.text.as_str() {
            "Count" => return Some(Dimension::COUNT),
            "Asset" => return Some(Dimension::of(UnitId::ASSET)),
            "Duration" => return Some(Dimension::of(UnitId::DURATION)),
            _ => {}
        }
        match self.items.types.get(&name.text).copied() {
            Some(found @ TypeName::Unit(id)) => {
                self.refer_type(name, found);
                Some(Dimension::of(id))
            }
            Some(_) => {
                self.error(
                    Code::BadUnit,
                    name.span,
                    format!("`{}` is a type, but not a unit", name.text),
                );
                None
            }
            None if self.is_reserved(&name.text) => {
                self.error(Code::BadUnit, name.span, format!("`{}` is not a unit", name.text));
                None
            }
            None => {
                self.unknown_type(name);
                None
            }
        }
    }

    fn bytes(&mut self, size: &crate::syntax::ast::Expr) -> Type {
        let ExprKind::Number(digits, units) = &size.kind else {
            if !matches!(size.kind, ExprKind::Bad) {
                self.error(
                    Code::NotConstant,
                    size.span,
                    "the size of bytes is a plain number",
                );
            }
            return Type::Bad;
        };
        match digits
            .parse::<u16>()
            .ok()
            .filter(|size| (1..=MAX_BYTES).contains(size) && units.is_empty())
        {
            Some(size) => Type::Bytes(size),
            None => {
                let title = format!("bytes have a size from 1 to {MAX_BYTES}");
                self.error(Code::BytesTooLong, size.span, title);
                Type::Bad
            }
        }
    }
}

fn built_in_docs(name: &str) -> &'static str {
    match name {
        "Bool" => "`true` or `false`.",
        "Count" => "A whole number below 2⁶⁴.",
        "Asset" => "An amount of $ASSET, in 10⁻⁹ $ASSET.",
        "Duration" => "A length of time, in milliseconds.",
        "Time" => "A point in time.",
        "Height" => "The number of a block.",
        "Ratio" => "A fixed-point number with 64 bits before and 64 bits after the point.",
        "Address" => "An account or a program.",
        _ => "32 bytes.",
    }
}
