//! Built-in functions and their types.

use super::{Checker, body::Context};
use crate::{
    diagnostic::Code,
    hir::{Expr, ExprKind, Intrinsic},
    span::Span,
    syntax::ast::{self, Name},
    types::Type,
    value::Value,
};

/// Name, function, parameters as shown.
const TABLE: [(&str, Intrinsic, &str); 33] = [
    (
        "mul_div_down",
        Intrinsic::MulDivDown,
        "(a, b, c) -> a × b / c, rounded down",
    ),
    (
        "mul_div_up",
        Intrinsic::MulDivUp,
        "(a, b, c) -> a × b / c, rounded up",
    ),
    ("product", Intrinsic::Product, "(a, b) -> Wide, a × b in 128 bits"),
    ("narrow", Intrinsic::Narrow, "(a: Wide) -> the number, if it fits"),
    ("min", Intrinsic::Min, "(a, b) -> the smaller one"),
    ("max", Intrinsic::Max, "(a, b) -> the larger one"),
    (
        "sub_or_zero",
        Intrinsic::SubOrZero,
        "(a, b) -> a - b, or 0 if b is larger",
    ),
    ("sqrt_down", Intrinsic::SqrtDown, "(a) -> the root, rounded down"),
    ("sqrt_up", Intrinsic::SqrtUp, "(a) -> the root, rounded up"),
    (
        "mul_down",
        Intrinsic::MulDown,
        "(a, r: Ratio) -> a × r, rounded down",
    ),
    ("mul_up", Intrinsic::MulUp, "(a, r: Ratio) -> a × r, rounded up"),
    (
        "div_down",
        Intrinsic::DivDown,
        "(a, r: Ratio) -> a / r, rounded down",
    ),
    ("div_up", Intrinsic::DivUp, "(a, r: Ratio) -> a / r, rounded up"),
    (
        "pow_down",
        Intrinsic::PowDown,
        "(r: Ratio, n: Count) -> Ratio, every product rounded down",
    ),
    (
        "pow_up",
        Intrinsic::PowUp,
        "(r: Ratio, n: Count) -> Ratio, every product rounded up",
    ),
    (
        "ratio_down",
        Intrinsic::RatioDown,
        "(a, b) -> Ratio, a / b rounded down",
    ),
    (
        "ratio_up",
        Intrinsic::RatioUp,
        "(a, b) -> Ratio, a / b rounded up",
    ),
    ("floor", Intrinsic::Floor, "(r: Ratio) -> Count, rounded down"),
    ("ceil", Intrinsic::Ceil, "(r: Ratio) -> Count, rounded up"),
    ("balance", Intrinsic::Balance, "(a: Address) -> Asset"),
    (
        "sha256",
        Intrinsic::Sha256,
        "(a, …) -> Hash, over the canonical bytes",
    ),
    ("len", Intrinsic::Len, "(b: Bytes) -> Count"),
    ("byte_at", Intrinsic::ByteAt, "(b: Bytes, at: Count) -> Count"),
    (
        "concat",
        Intrinsic::Concat,
        "(a: Bytes, b: Bytes) -> Bytes, a and then b",
    ),
    (
        "slice",
        Intrinsic::Slice,
        "(b: Bytes, from: Count, length: Count) -> Bytes",
    ),
    ("bit_and", Intrinsic::BitAnd, "(a: Count, b: Count) -> Count"),
    ("bit_or", Intrinsic::BitOr, "(a: Count, b: Count) -> Count"),
    ("bit_xor", Intrinsic::BitXor, "(a: Count, b: Count) -> Count"),
    ("bit_not", Intrinsic::BitNot, "(a: Count) -> Count"),
    (
        "shift_left",
        Intrinsic::ShiftLeft,
        "(a: Count, n: Count) -> Count, a × 2ⁿ",
    ),
    (
        "shift_right",
        Intrinsic::ShiftRight,
        "(a: Count, n: Count) -> Count, a / 2ⁿ, rounded down",
    ),
    ("account", Intrinsic::Account, "(name) -> Address, in tests"),
    ("address", Intrinsic::Account, "(\"base58\") -> Address"),
];

/// The built-in function of this name.
pub(super) fn find(name: &str) -> Option<(Intrinsic, &'static str)> {
    TABLE
        .iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, intrinsic, shown)| (*intrinsic, *shown))
}

/// All names.
pub(super) fn names<'n>() -> impl Iterator<Item = &'n str> {
    TABLE.iter().map(|(name, _, _)| *name)
}

impl Checker<'_> {
    pub(super) fn intrinsic(
        &mut self,
        name: &Name,
        intrinsic: Intrinsic,
        args: &[ast::Expr],
        span: Span,
        hint: Option<&Type>,
    ) -> Expr {
        if name.text == "address" {
            return self.address(args, span);
        }
        let wanted = arity(intrinsic);
        if wanted.is_some_and(|wanted| wanted != args.len()) || (wanted.is_none() && args.is_empty()) {
            self.wrong_count(name, wanted.unwrap_or(1), args.len(), span);
            return Expr::bad(span);
        }
        let args = self.intrinsic_args(intrinsic, args, hint);
        if args.iter().any(|arg| arg.ty == Type::Bad) {
            return Expr::bad(span);
        }
        let Some(ty) = self.intrinsic_type(intrinsic, &args, span) else {
            return Expr::bad(span);
        };
        if intrinsic == Intrinsic::Account && self.body.context != Context::Test {
            self.error(
                Code::OnlyInTests,
                name.span,
                "`account` makes addresses for tests only",
            );
        }
        Expr {
            kind: ExprKind::Intrinsic(intrinsic, args),
            ty,
            span,
        }
    }

    fn intrinsic_args(&mut self, intrinsic: Intrinsic, args: &[ast::Expr], hint: Option<&Type>) -> Vec<Expr> {
        match (intrinsic, args) {
            (Intrinsic::Min | Intrinsic::Max | Intrinsic::SubOrZero, [a, b]) => {
                let (a, b) = self.operands(a, b, hint);
                vec![a, b]
            }
            (Intrinsic::RatioDown | Intrinsic::RatioUp, [a, b]) => {
                let (a, b) = self.operands(a, b, None);
                vec![a, b]
            }
            _ => args.iter().map(|arg| self.any_value(arg, None)).collect(),
        }
    }

    fn intrinsic_type(&mut self, intrinsic: Intrinsic, args: &[Expr], span: Span) -> Option<Type> {
        use Intrinsic as I;
        let types: Vec<&Type> = args.iter().map(|arg| &arg.ty).collect();
        let found = match (intrinsic, types.as_slice()) {
            (I::MulDivDown | I::MulDivUp, [Type::Number(a), Type::Number(b), Type::Number(c)]) => {
                let unit = a.times(b).and_then(|product| product.per(c));
                return self.unit_of(unit, span).map(Type::Number);
            }
            (I::MulDivDown | I::MulDivUp, [Type::Wide(a), Type::Wide(b), Type::Wide(c)]) => {
                let unit = a.times(b).and_then(|product| product.per(c));
                return self.unit_of(unit, span).map(Type::Wide);
            }
            (I::Product, [Type::Number(a) | Type::Wide(a), Type::Number(b) | Type::Wide(b)]) => {
                return self.unit_of(a.times(b), span).map(Type::Wide);
            }
            (I::Narrow, [Type::Wide(a)]) => Some(Type::Number(a.clone())),
            (I::Min | I::Max, [a, b]) if a == b && a.is_ordered() => Some((*a).clone()),
            (I::SubOrZero, [Type::Number(a), Type::Number(b)]) if a == b => Some(args[0].ty.clone()),
            (I::SqrtDown | I::SqrtUp, [Type::Number(a) | Type::Wide(a)]) => {
                let Some(root) = a.root() else {
                    let title = format!("{} has no root: a power is odd", self.show(&args[0].ty));
                    self.error(Code::BadUnit, span, title);
                    return None;
                };
                Some(Type::Number(root))
            }
            (I::MulDown | I::MulUp | I::DivDown | I::DivUp, [Type::Number(_) | Type::Ratio, Type::Ratio]) => {
                Some(args[0].ty.clone())
            }
            (I::PowDown | I::PowUp, [Type::Ratio, n]) if **n == Type::COUNT => Some(Type::Ratio),
            (I::RatioDown | I::RatioUp, [Type::Number(a), Type::Number(b)]) if a == b => Some(Type::Ratio),
            (I::Floor | I::Ceil, [Type::Ratio]) => Some(Type::COUNT),
            (I::Balance, [Type::Address]) => self.not_in_const(span).then(Type::asset),
            (I::Sha256, types) => return self.hashed(types, args, span),
            (I::Len, [Type::Bytes(_)]) => Some(Type::COUNT),
            (I::ByteAt, [Type::Bytes(_), at]) if **at == Type::COUNT => Some(Type::COUNT),
            (I::Concat, [Type::Bytes(a), Type::Bytes(b)]) => return self.concatenated(*a, *b, span),
            (I::Slice, [Type::Bytes(bound), from, length])
                if **from == Type::COUNT && **length == Type::COUNT =>
            {
                Some(Type::Bytes(slice_bound(*bound, &args[2])))
            }
            (I::BitNot, [a]) if **a == Type::COUNT => Some(Type::COUNT),
            (I::BitAnd | I::BitOr | I::BitXor | I::ShiftLeft | I::ShiftRight, [a, b])
                if **a == Type::COUNT && **b == Type::COUNT =>
            {
                Some(Type::COUNT)
            }
            (I::Account, [Type::Bytes(_)]) => Some(Type::Address),
            _ => None,
        };
        if found.is_none() {
            self.wrong_operands(intrinsic, args, span);
        }
        found
    }

    fn not_in_const(&mut self, span: Span) -> bool {
        let constant = self.body.context == Context::Const;
        if constant {
            self.error(Code::NotConstant, span, "this is not known to the compiler");
        }
        !constant
    }

    fn concatenated(&mut self, a: u16, b: u16, span: Span) -> Option<Type> {
        let bound = a.saturating_add(b);
        if bound > super::resolve::MAX_BYTES {
            let title = format!("together these have up to {bound} bytes");
            let most = super::resolve::MAX_BYTES;
            self.error(
                Code::BytesTooLong,
                span,
                format!("{title}, at most {most} are possible"),
            );
            return None;
        }
        Some(Type::Bytes(bound))
    }

    fn hashed(&mut self, types: &[&Type], args: &[Expr], span: Span) -> Option<Type> {
        let scalars: usize = types
            .iter()
            .map(|ty| self.scalars(ty))
            .fold(0, usize::saturating_add);
        let bytes: usize = types
            .iter()
            .map(|ty| self.bytes_of(ty))
            .fold(0, usize::saturating_add);
        if scalars > super::containment::MAX_SCALARS || bytes > MAX_HASHED {
            let title = format!("these are {scalars} simple values of up to {bytes} bytes");
            self.error(
                Code::TooLarge,
                span,
                title + "; at most 16 of 1024 bytes are hashed at once",
            );
            return None;
        }
        if args
            .iter()
            .any(|arg| matches!(arg.ty, Type::Tuple(_) | Type::Nothing))
        {
            self.wrong_operands(Intrinsic::Sha256, args, span);
            return None;
        }
        Some(Type::Hash)
    }

    /// The most bytes of a value's encoding.
    fn bytes_of(&self, ty: &Type) -> usize {
        match ty {
            Type::Bool => 1,
            Type::Wide(_) | Type::Ratio => 16,
            Type::Address | Type::Hash => 32,
            Type::Bytes(bound) => usize::from(*bound).saturating_add(2),
            Type::Struct(id) => {
                let fields = &self.program.structs[usize::from(id.0)].fields;
                fields
                    .iter()
                    .map(|field| self.bytes_of(&field.ty))
                    .fold(0, usize::saturating_add)
            }
            Type::Enum(id) => {
                let variants = &self.program.enums[usize::from(id.0)].variants;
                let fields = variants.iter().flat_map(|variant| &variant.fields);
                fields
                    .map(|field| self.bytes_of(&field.ty))
                    .fold(8, usize::saturating_add)
            }
            _ => 8,
        }
    }

    fn wrong_operands(&mut self, intrinsic: Intrinsic, args: &[Expr], span: Span) {
        let types: Vec<String> = args.iter().map(|arg| self.show(&arg.ty)).collect();
        let entry = TABLE.iter().find(|(_, known, _)| *known == intrinsic);
        let (name, shown) = entry.map_or(("", ""), |(name, _, shown)| (*name, *shown));
        let numbers = args.iter().all(|arg| matches!(arg.ty, Type::Number(_)));
        let code = if numbers && !is_of_others(intrinsic) {
            Code::UnitMismatch
        } else {
            Code::Mismatch
        };
        let title = format!("`{name}` is not for {}", types.join(", "));
        self.report(crate::diagnostic::Diagnostic::new(code, span, title).note(format!("{name}{shown}")));
    }

    pub(super) fn wrong_count(&mut self, name: &Name, wanted: usize, got: usize, span: Span) {
        let plural = if wanted == 1 { "" } else { "s" };
        let title = format!("`{}` takes {wanted} argument{plural}, here are {got}", name.text);
        self.error(Code::WrongArguments, span, title);
    }

    /// `address("…")`
    fn address(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        let [
            ast::Expr {
                kind: ast::ExprKind::Str(text),
                ..
            },
        ] = args
        else {
            self.error(Code::BadAddress, span, "`address` takes one string literal");
            return Expr::bad(span);
        };
        let decoded = std::str::from_utf8(text)
            .ok()
            .filter(|text| text.len() <= MAX_BASE58);
        let decoded = decoded.and_then(|text| bs58::decode(text).into_vec().ok());
        match decoded.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
            Some(bytes) => Expr {
                kind: ExprKind::Value(Value::Address(bytes)),
                ty: Type::Address,
                span,
            },
            None => {
                self.error(Code::BadAddress, args[0].span, "this is not base58 of 32 bytes");
                Expr::bad(span)
            }
        }
    }
}

/// Most bytes that are hashed at once.
const MAX_HASHED: usize = 1024;
/// Longest base58 of 32 bytes.
const MAX_BASE58: usize = 44;

/// A part is no longer than the whole, nor than it says itself.
fn slice_bound(whole: u16, length: &Expr) -> u16 {
    match &length.kind {
        ExprKind::Value(Value::Number(n)) => u16::try_from(*n).unwrap_or(whole).clamp(1, whole),
        _ => whole,
    }
}

/// Whether one of its parameters is something else than a number.
const fn is_of_others(intrinsic: Intrinsic) -> bool {
    use Intrinsic as I;
    matches!(
        intrinsic,
        I::Narrow
            | I::MulDown
            | I::MulUp
            | I::DivDown
            | I::DivUp
            | I::PowDown
            | I::PowUp
            | I::Floor
            | I::Ceil
            | I::Balance
            | I::Len
            | I::ByteAt
            | I::Concat
            | I::Slice
            | I::Account
    )
}

/// How many arguments; `None` for one or more.
const fn arity(intrinsic: Intrinsic) -> Option<usize> {
    use Intrinsic as I;
    match intrinsic {
        I::MulDivDown | I::MulDivUp | I::Slice => Some(3),
        I::Narrow | I::SqrtDown | I::SqrtUp | I::Floor | I::Ceil | I::Balance => Some(1),
        I::Len | I::BitNot | I::Account => Some(1),
        I::Sha256 => None,
        _ => Some(2),
    }
}
