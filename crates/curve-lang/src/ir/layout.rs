//! Structs and enums as scalars of the machine.

use std::collections::BTreeSet;

use curvevm::{Address, Field, Type as Scalar, Value as Word};

use crate::{
    hir::{self, Program},
    types::Type,
    value::Value,
};

/// Longest name of the machine's.
const MAX_NAME: usize = 64;

/// The scalars that a value is made of.
pub fn scalars(ty: &Type, program: &Program) -> Vec<Scalar> {
    let mut all = Vec::new();
    push_scalars(ty, program, &mut all);
    all
}

fn push_scalars(ty: &Type, program: &Program, all: &mut Vec<Scalar>) {
    let scalar = match ty {
        Type::Nothing | Type::Never | Type::Bad => return,
        Type::Bool => Scalar::Bool,
        Type::Number(_) | Type::Time | Type::Height => Scalar::U64,
        Type::Wide(_) => Scalar::U128,
        Type::Ratio => Scalar::Fix,
        Type::Address => Scalar::Address,
        Type::Hash => Scalar::Hash,
        Type::Bytes(bound) => Scalar::Bytes(*bound),
        Type::Struct(id) => {
            let fields = &program.structs[usize::from(id.0)].fields;
            return fields
                .iter()
                .for_each(|field| push_scalars(&field.ty, program, all));
        }
        Type::Enum(id) => {
            all.push(Scalar::U64);
            let variants = &program.enums[usize::from(id.0)].variants;
            let fields = variants.iter().flat_map(|variant| &variant.fields);
            return fields.for_each(|field| push_scalars(&field.ty, program, all));
        }
        Type::Tuple(types) => return types.iter().for_each(|ty| push_scalars(ty, program, all)),
    };
    all.push(scalar);
}

/// How many scalars.
pub fn count(ty: &Type, program: &Program) -> usize {
    scalars(ty, program).len()
}

/// Where a struct's field begins among its scalars.
pub fn field_offset(fields: &[hir::Field], at: u16, program: &Program) -> usize {
    fields
        .iter()
        .take(usize::from(at))
        .map(|field| count(&field.ty, program))
        .sum()
}

/// Where a variant's fields begin among the enum's scalars; the first one says which variant it is.
pub fn variant_offset(variants: &[hir::Struct], at: u16, program: &Program) -> usize {
    let before = variants
        .iter()
        .take(usize::from(at))
        .flat_map(|variant| &variant.fields);
    before
        .map(|field| count(&field.ty, program))
        .sum::<usize>()
        .saturating_add(1)
}

/// A value's scalars.
pub fn words(value: &Value, ty: &Type, program: &Program) -> Vec<Word> {
    let mut all = Vec::new();
    push_words(value, ty, program, &mut all);
    all
}

fn push_words(value: &Value, ty: &Type, program: &Program, all: &mut Vec<Word>) {
    match (value, ty) {
        (Value::Bool(b), _) => all.push(Word::Bool(*b)),
        (Value::Number(n), _) => all.push(Word::U64(*n)),
        (Value::Wide(n), _) => all.push(Word::U128(*n)),
        (Value::Ratio(bits), _) => all.push(Word::Fix(*bits)),
        (Value::Address(raw), _) => all.push(Word::Address(Address::new(*raw))),
        (Value::Hash(raw), _) => all.push(Word::Hash(*raw)),
        (Value::Bytes(bytes), _) => all.push(Word::Bytes(bytes.clone())),
        (Value::Struct(values), Type::Struct(id)) => {
            let fields = &program.structs[usize::from(id.0)].fields;
            for (value, field) in values.iter().zip(fields) {
                push_words(value, &field.ty, program, all);
            }
        }
        (Value::Variant(at, values), Type::Enum(id)) => {
            all.push(Word::U64(u64::from(*at)));
            for (place, variant) in program.enums[usize::from(id.0)].variants.iter().enumerate() {
                for (field_at, field) in variant.fields.iter().enumerate() {
                    let here = values.get(field_at).filter(|_| place == usize::from(*at));
                    let value = here.cloned().unwrap_or_else(|| program.zero(&field.ty));
                    push_words(&value, &field.ty, program, all);
                }
            }
        }
        (Value::Tuple(values), Type::Tuple(types)) => {
            for (value, ty) in values.iter().zip(types) {
                push_words(value, ty, program, all);
            }
        }
        _ => {}
    }
}

/// The value that these scalars are; the inverse of [`words`].
pub fn value(words: &mut impl Iterator<Item = Word>, ty: &Type, program: &Program) -> Option<Value> {
    Some(match ty {
        Type::Nothing | Type::Never | Type::Bad => Value::Nothing,
        Type::Struct(id) => {
            let fields = &program.structs[usize::from(id.0)].fields;
            let values = fields.iter().map(|field| value(words, &field.ty, program));
            Value::Struct(values.collect::<Option<_>>()?)
        }
        Type::Enum(id) => {
            let Word::U64(tag) = words.next()? else {
                return None;
            };
            let mut found = None;
            for (at, variant) in program.enums[usize::from(id.0)].variants.iter().enumerate() {
                let values = variant
                    .fields
                    .iter()
                    .map(|field| value(words, &field.ty, program));
                let values = values.collect::<Option<Vec<Value>>>()?;
                if tag == at as u64 {
                    found = Some(Value::Variant(u16::try_from(at).ok()?, values));
                }
            }
            found?
        }
        Type::Tuple(types) => {
            let values = types.iter().map(|ty| value(words, ty, program));
            Value::Tuple(values.collect::<Option<_>>()?)
        }
        _ => match words.next()? {
            Word::U64(n) => Value::Number(n),
            Word::U128(n) => Value::Wide(n),
            Word::Fix(bits) => Value::Ratio(bits),
            Word::Bool(b) => Value::Bool(b),
            Word::Address(address) => Value::Address(*address.as_bytes()),
            Word::Hash(raw) => Value::Hash(raw),
            Word::Bytes(bytes) => Value::Bytes(bytes),
            Word::I64(_) => return None,
        },
    })
}

/// Named scalars, for the machine's records.
pub fn fields<'a>(parts: impl IntoIterator<Item = (&'a str, &'a Type)>, program: &Program) -> Vec<Field> {
    let mut named = Vec::new();
    for (name, ty) in parts {
        push_fields(name, ty, program, &mut named);
    }
    let mut seen = BTreeSet::new();
    for (at, field) in named.iter_mut().enumerate() {
        if field.name.len() > MAX_NAME || seen.contains(&field.name) {
            field.name = format!("field_{at}");
        }
        while !seen.insert(field.name.clone()) {
            field.name.push('_');
        }
    }
    named
}

fn push_fields(name: &str, ty: &Type, program: &Program, all: &mut Vec<Field>) {
    let joined = |inner: &str| {
        if name.is_empty() {
            inner.to_owned()
        } else {
            format!("{name}_{inner}")
        }
    };
    match ty {
        Type::Struct(id) => {
            for field in &program.structs[usize::from(id.0)].fields {
                push_fields(&joined(&field.named.name), &field.ty, program, all);
            }
        }
        Type::Enum(id) => {
            all.push(Field {
                name: joined("variant"),
                ty: Scalar::U64,
            });
            for variant in &program.enums[usize::from(id.0)].variants {
                for field in &variant.fields {
                    let inner = format!("{}_{}", variant.named.name, field.named.name);
                    push_fields(&joined(&inner), &field.ty, program, all);
                }
            }
        }
        _ => all.extend(scalars(ty, program).into_iter().map(|ty| Field {
            name: name.to_owned(),
            ty,
        })),
    }
}
