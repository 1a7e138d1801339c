//! Values as people write them.

use crate::{
    hir::Program,
    types::{Type, show},
    value::Value,
};

/// Base units of one $ASSET.
const ASSET: u64 = 1_000_000_000;

/// A value as a literal of its type, or near to one.
pub fn show_value(value: &Value, ty: &Type, program: &Program) -> String {
    match (value, ty) {
        (Value::Number(n), Type::Number(_)) => show_number(*n, &show(ty, program)),
        (Value::Number(n), _) => n.to_string(),
        (Value::Wide(n), _) => n.to_string(),
        (Value::Ratio(bits), _) => show_ratio(*bits),
        (Value::Bool(b), _) => b.to_string(),
        (Value::Address(raw), _) => bs58::encode(raw).into_string(),
        (Value::Hash(raw), _) => raw.iter().map(|byte| format!("{byte:02x}")).collect(),
        (Value::Bytes(bytes), _) => format!(
            "\"{}\"",
            bytes.iter().map(|byte| show_byte(*byte)).collect::<String>()
        ),
        (Value::Struct(values), Type::Struct(id)) => {
            let item = &program.structs[usize::from(id.0)];
            format!(
                "{} {}",
                item.named.name,
                show_fields(values, &item.fields, program)
            )
        }
        (Value::Variant(at, values), Type::Enum(id)) => {
            let item = &program.enums[usize::from(id.0)];
            let Some(variant) = item.variants.get(usize::from(*at)) else {
                return "?".to_owned();
            };
            let name = format!("{}.{}", item.named.name, variant.named.name);
            if values.is_empty() {
                return name;
            }
            format!("{name} {}", show_fields(values, &variant.fields, program))
        }
        _ => "nothing".to_owned(),
    }
}

/// Fields by their names.
pub(crate) fn show_fields(values: &[Value], fields: &[crate::hir::Field], program: &Program) -> String {
    let shown = values
        .iter()
        .zip(fields)
        .map(|(value, field)| format!("{}: {}", field.named.name, show_value(value, &field.ty, program)));
    format!("{{ {} }}", shown.collect::<Vec<_>>().join(", "))
}

fn show_number(n: u64, unit: &str) -> String {
    match unit {
        "Count" => n.to_string(),
        "Asset" => {
            let (whole, part) = (n / ASSET, n % ASSET);
            let digits = format!("{part:09}");
            let digits = digits.trim_end_matches('0');
            let point = if digits.is_empty() { "" } else { "." };
            format!("{whole}{point}{digits} ASSET")
        }
        "Duration" => format!("{n} ms"),
        unit => format!("{n} {}", unit.replace("Asset", "nASSET")),
    }
}

/// With the digits that matter to a reader.
fn show_ratio(bits: u128) -> String {
    let (whole, part) = (bits >> 64, bits & u128::from(u64::MAX));
    let digits = format!("{:018}", part.wrapping_mul(1_000_000_000_000_000_000) >> 64);
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        whole.to_string()
    } else {
        format!("{whole}.{digits}")
    }
}

/// A byte in a string, as the lexer reads it.
fn show_byte(byte: u8) -> String {
    match byte {
        b'\n' => r"\n".to_owned(),
        b'\t' => r"\t".to_owned(),
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    }
}
