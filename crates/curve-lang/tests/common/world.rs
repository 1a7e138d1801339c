//! Accounts and values for random calls.

use curve_lang::{hir::Program, reference::account, types::Type, value::Value};

use super::Random;

pub fn people() -> [[u8; 32]; 4] {
    [
        account(b"alice"),
        account(b"bob"),
        account(b"carol"),
        account(b"dave"),
    ]
}

/// Of every magnitude, mostly small.
pub fn number(random: &mut Random) -> u64 {
    match random.below(5) {
        0 => random.next() % 4,
        1 => random.next() >> random.below(64),
        _ => random.next() % (1 << (4 + random.below(40))),
    }
}

/// A value of this type; of an enum its first variant.
pub fn arbitrary(random: &mut Random, ty: &Type, program: &Program) -> Value {
    match ty {
        Type::Bool => Value::Bool(random.below(2) == 0),
        Type::Number(_) | Type::Time | Type::Height => Value::Number(number(random)),
        Type::Wide(_) => Value::Wide(u128::from(number(random)) << random.below(64)),
        Type::Ratio => Value::Ratio(u128::from(number(random)) << random.below(65)),
        Type::Address => Value::Address(people()[random.below(4)]),
        Type::Bytes(bound) => Value::Bytes(vec![b'm'; random.below(usize::from(*bound) + 1)]),
        Type::Struct(id) => {
            let fields = &program.structs[usize::from(id.0)].fields;
            let values = fields.iter().map(|field| arbitrary(random, &field.ty, program));
            Value::Struct(values.collect())
        }
        other => program.zero(other),
    }
}
