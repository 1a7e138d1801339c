//! Operators and built-in functions as instructions.

use curvevm::{Opcode, Type as Scalar};

use super::{Val, build::Builder};
use crate::{hir::Intrinsic, syntax::ast::BinaryOp, types::Type};

impl Builder<'_, '_> {
    /// `a op b` of single scalars.
    pub(super) fn binary(&mut self, op: BinaryOp, left: &Type, right: &Type, ins: &[Val]) -> Val {
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            return self.equality(op == BinaryOp::Equal, left, ins);
        }
        match (left, right) {
            (Type::Wide(_), Type::Number(_)) => self.wide_quotient(op, ins),
            (Type::Wide(_), _) => self.of_kind(op, Scalar::U128, ins),
            (Type::Ratio, _) => self.of_kind(op, Scalar::Fix, ins),
            _ => self.of_kind(op, Scalar::U64, ins),
        }
    }

    fn equality(&mut self, equal: bool, ty: &Type, ins: &[Val]) -> Val {
        let op = match (ty, equal) {
            (Type::Wide(_) | Type::Ratio, true) => Opcode::Eq128,
            (Type::Wide(_) | Type::Ratio, false) => Opcode::Ne128,
            (Type::Address | Type::Hash, true) => Opcode::Eq256,
            (Type::Address | Type::Hash, false) => Opcode::Ne256,
            (Type::Bytes(_), true) => Opcode::EqBytes,
            (Type::Bytes(_), false) => Opcode::NeBytes,
            (_, true) => Opcode::Eq64,
            (_, false) => Opcode::Ne64,
        };
        self.emit(op, &ins[..2], Scalar::Bool)
    }

    fn of_kind(&mut self, op: BinaryOp, kind: Scalar, ins: &[Val]) -> Val {
        let swapped = [ins[1], ins[0]];
        let (less, less_equal) = match kind {
            Scalar::U128 => (Opcode::LtU128, Opcode::LeU128),
            Scalar::Fix => (Opcode::LtFix, Opcode::LeFix),
            _ => (Opcode::LtU64, Opcode::LeU64),
        };
        match op {
            BinaryOp::Less => return self.emit(less, ins, Scalar::Bool),
            BinaryOp::LessEqual => return self.emit(less_equal, ins, Scalar::Bool),
            BinaryOp::Greater => return self.emit(less, &swapped, Scalar::Bool),
            BinaryOp::GreaterEqual => return self.emit(less_equal, &swapped, Scalar::Bool),
            _ => {}
        }
        let code = match (op, kind) {
            (BinaryOp::Add, Scalar::U128) => Opcode::AddU128,
            (BinaryOp::Add, Scalar::Fix) => Opcode::AddFix,
            (BinaryOp::Add, _) => Opcode::AddU64,
            (BinaryOp::Sub, Scalar::U128) => Opcode::SubU128,
            (BinaryOp::Sub, Scalar::Fix) => Opcode::SubFix,
            (BinaryOp::Sub, _) => Opcode::SubU64,
            (BinaryOp::Mul, _) => Opcode::MulU64,
            (BinaryOp::DivDown, _) => Opcode::DivU64,
            (BinaryOp::DivUp, _) => Opcode::DivUpU64,
            _ => Opcode::RemU64,
        };
        self.emit(code, ins, kind)
    }

    /// 128 bits divided by 64, if the quotient has 64.
    fn wide_quotient(&mut self, op: BinaryOp, ins: &[Val]) -> Val {
        let divisor = self.emit(Opcode::Widen, &[ins[1]], Scalar::U128);
        let code = if op == BinaryOp::DivUp {
            Opcode::DivUpU128
        } else {
            Opcode::DivU128
        };
        let quotient = self.emit(code, &[ins[0], divisor], Scalar::U128);
        self.emit(Opcode::Narrow, &[quotient], Scalar::U64)
    }

    /// A built-in function of numbers, or one that asks the world.
    pub(super) fn arithmetic(&mut self, intrinsic: Intrinsic, types: &[&Type], ins: &[Val]) -> Val {
        use Intrinsic as I;
        let kind = match types.first() {
            Some(Type::Wide(_)) => Scalar::U128,
            Some(Type::Ratio) => Scalar::Fix,
            _ => Scalar::U64,
        };
        match intrinsic {
            I::Product => return self.product(types, ins),
            I::SubOrZero => {
                let larger = self.emit(Opcode::MaxU64, ins, Scalar::U64);
                return self.emit(Opcode::SubU64, &[larger, ins[1]], Scalar::U64);
            }
            I::SqrtDown | I::SqrtUp => {
                let wide = if kind == Scalar::U128 {
                    ins[0]
                } else {
                    self.emit(Opcode::Widen, ins, Scalar::U128)
                };
                let op = if intrinsic == I::SqrtUp {
                    Opcode::SqrtUpU128
                } else {
                    Opcode::SqrtDownU128
                };
                let root = self.emit(op, &[wide], Scalar::U128);
                return self.emit(Opcode::Narrow, &[root], Scalar::U64);
            }
            _ => {}
        }
        let (op, ty) = instruction(intrinsic, kind);
        self.emit(op, ins, ty)
    }

    fn product(&mut self, types: &[&Type], ins: &[Val]) -> Val {
        if let [Type::Number(_), Type::Number(_)] = types {
            return self.emit(Opcode::MulWide, ins, Scalar::U128);
        }
        let mut wide = Vec::new();
        for (ty, value) in types.iter().zip(ins) {
            let narrow = matches!(ty, Type::Number(_));
            wide.push(if narrow {
                self.emit(Opcode::Widen, &[*value], Scalar::U128)
            } else {
                *value
            });
        }
        self.emit(Opcode::MulU128, &wide, Scalar::U128)
    }
}

/// The one instruction that does it, and the type that it makes.
fn instruction(intrinsic: Intrinsic, kind: Scalar) -> (Opcode, Scalar) {
    use Intrinsic as I;
    match (intrinsic, kind) {
        (I::MulDivDown, Scalar::U128) => (Opcode::MulDivDownU128, kind),
        (I::MulDivDown, _) => (Opcode::MulDivDownU64, kind),
        (I::MulDivUp, Scalar::U128) => (Opcode::MulDivUpU128, kind),
        (I::MulDivUp, _) => (Opcode::MulDivUpU64, kind),
        (I::Min, Scalar::U128) => (Opcode::MinU128, kind),
        (I::Min, Scalar::Fix) => (Opcode::MinFix, kind),
        (I::Min, _) => (Opcode::MinU64, kind),
        (I::Max, Scalar::U128) => (Opcode::MaxU128, kind),
        (I::Max, Scalar::Fix) => (Opcode::MaxFix, kind),
        (I::Max, _) => (Opcode::MaxU64, kind),
        (I::MulDown, Scalar::Fix) => (Opcode::MulDownFix, kind),
        (I::MulDown, _) => (Opcode::ScaleDown, kind),
        (I::MulUp, Scalar::Fix) => (Opcode::MulUpFix, kind),
        (I::MulUp, _) => (Opcode::ScaleUp, kind),
        (I::DivDown, Scalar::Fix) => (Opcode::DivDownFix, kind),
        (I::DivDown, _) => (Opcode::UnscaleDown, kind),
        (I::DivUp, Scalar::Fix) => (Opcode::DivUpFix, kind),
        (I::DivUp, _) => (Opcode::UnscaleUp, kind),
        (I::PowDown, _) => (Opcode::PowDownFix, Scalar::Fix),
        (I::PowUp, _) => (Opcode::PowUpFix, Scalar::Fix),
        (I::RatioDown, _) => (Opcode::RatioDown, Scalar::Fix),
        (I::RatioUp, _) => (Opcode::RatioUp, Scalar::Fix),
        (I::Floor, _) => (Opcode::FloorFix, Scalar::U64),
        (I::Ceil, _) => (Opcode::CeilFix, Scalar::U64),
        (I::Balance, _) => (Opcode::Balance, Scalar::U64),
        (I::Len, _) => (Opcode::LenBytes, Scalar::U64),
        (I::ByteAt, _) => (Opcode::AtBytes, Scalar::U64),
        (I::BitAnd, _) => (Opcode::AndU64, kind),
        (I::BitOr, _) => (Opcode::OrU64, kind),
        (I::BitXor, _) => (Opcode::XorU64, kind),
        (I::BitNot, _) => (Opcode::NotU64, kind),
        (I::ShiftLeft, _) => (Opcode::ShlU64, kind),
        (I::ShiftRight, _) => (Opcode::ShrU64, kind),
        // Product, roots, hashes and byte strings take several; accounts exist only in tests.
        _ => (Opcode::Narrow, Scalar::U64),
    }
}
