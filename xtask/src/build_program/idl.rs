//! The IDL, in Anchor's format (spec 0.1.0), from rollup-abi's own tables.
//!
//! Anchor's `idl-build` is not used: it cannot see layouts that another crate defines, and those are the point of
//! rollup-abi. What is written here is what program and clients are compiled from.

use eyre::bail;
use registry::PROGRAM;
use rollup_abi::account::{self, COMMITTEE_DISCRIMINATOR, LAYOUTS, ROLLUP_DISCRIMINATOR};
use rollup_abi::event::Event;
use rollup_abi::instruction::{self, Instruction};
use rollup_abi::layout::Field;
use rollup_abi::{ProgramError, certificate, header, pda, post};
use serde_json::{Value, json};

const SYSTEM_PROGRAM: &str = "11111111111111111111111111111111";

/// The IDL of the program at `address`.
pub fn generate(address: &str, version: &str) -> eyre::Result<Vec<u8>> {
    let instructions: Vec<Value> = instruction::ALL
        .iter()
        .map(instruction_json)
        .collect::<eyre::Result<_>>()?;
    let mut types = vec![
        structure(
            "Rollup",
            &[Field {
                name: "state",
                ty: "RollupState",
            }],
        )?,
        structure(
            "Committee",
            &[Field {
                name: "state",
                ty: "CommitteeState",
            }],
        )?,
    ];
    for (name, fields) in LAYOUTS {
        types.push(structure(name, fields)?);
    }
    for (name, _, fields) in Event::ALL {
        types.push(structure(name, fields)?);
    }
    let named = |name: &str, discriminator: [u8; 8]| json!({ "name": name, "discriminator": discriminator });
    let events: Vec<Value> = Event::ALL
        .iter()
        .map(|(name, discriminator, _)| named(name, *discriminator))
        .collect();
    let errors: Vec<Value> = ProgramError::ALL
        .iter()
        .map(|error| json!({ "code": error.code(), "name": error.name(), "msg": error.text() }))
        .collect();
    let idl = json!({
        "address": address,
        "metadata": {
            "name": PROGRAM,
            "version": version,
            "spec": "0.1.0",
            "description": "The rollup's Solana program: committees, certificates, root history.",
        },
        "docs": [
            "After `Rollup` come a count (u32, then 4 zero bytes) and as many `RingEntry`.",
            "After `Committee` come a count (u32, then 4 zero bytes) and as many `Member`.",
        ],
        "instructions": instructions,
        "accounts": [named("Rollup", ROLLUP_DISCRIMINATOR), named("Committee", COMMITTEE_DISCRIMINATOR)],
        "events": events,
        "errors": errors,
        "types": types,
    });
    let mut text = serde_json::to_vec_pretty(&idl)?;
    text.push(b'\n');
    Ok(text)
}

fn instruction_json(instruction: &Instruction) -> eyre::Result<Value> {
    let accounts: Vec<Value> = instruction
        .accounts
        .iter()
        .map(|role| {
            let mut account = json!({ "name": role.name });
            if role.writable {
                account["writable"] = json!(true);
            }
            if role.signer {
                account["signer"] = json!(true);
            }
            match role.name {
                "system_program" => account["address"] = json!(SYSTEM_PROGRAM),
                "rollup" => account["pda"] = json!({ "seeds": [{ "kind": "const", "value": pda::ROLLUP }] }),
                _ => {}
            }
            account
        })
        .collect();
    Ok(json!({
        "name": instruction.name,
        "discriminator": instruction.discriminator,
        "accounts": accounts,
        "args": fields_json(instruction.args)?,
    }))
}

fn structure(name: &str, fields: &[Field]) -> eyre::Result<Value> {
    Ok(json!({
        "name": name,
        "serialization": "bytemuck",
        "repr": { "kind": "c" },
        "type": { "kind": "struct", "fields": fields_json(fields)? },
    }))
}

fn fields_json(fields: &[Field]) -> eyre::Result<Vec<Value>> {
    fields
        .iter()
        .map(|field| Ok(json!({ "name": field.name, "type": type_json(field.ty)? })))
        .collect()
}

/// A Rust type as the IDL writes it.
fn type_json(ty: &'static str) -> eyre::Result<Value> {
    let ty = ty.trim();
    let bracketed = |ty: &'static str| ty.strip_prefix('[')?.strip_suffix(']');
    if let Some(borrowed) = ty.strip_prefix("&'a ") {
        return match bracketed(borrowed) {
            Some("u8") => Ok(json!("bytes")),
            Some(item) if !item.contains(';') => Ok(json!({ "vec": type_json(item)? })),
            _ => type_json(borrowed),
        };
    }
    if let Some(inner) = bracketed(ty) {
        let Some((item, len)) = inner.rsplit_once(';') else {
            bail!("{ty:?} is not an array");
        };
        return Ok(json!({ "array": [type_json(item)?, length(len.trim())?] }));
    }
    Ok(match ty {
        "u8" | "u16" | "u32" | "u64" | "i64" => json!(ty),
        "Digest" => json!({ "array": ["u8", 32] }),
        name if LAYOUTS.iter().any(|(layout, _)| *layout == name) => json!({ "defined": { "name": name } }),
        _ => bail!("{ty:?} has no form in the IDL"),
    })
}

/// The length of an array, which rollup-abi may have given a name.
fn length(text: &str) -> eyre::Result<usize> {
    Ok(match text {
        "MAX_POSTERS" => instruction::MAX_POSTERS,
        "RELEASES" => account::RELEASES,
        "HEADER_LEN" => header::LEN,
        "CERTIFICATE_LEN" => certificate::MAX_LEN,
        "post::LEN" => post::LEN,
        number => number.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollup_abi::account::{CommitteeState, Member, RingEntry, RollupState};

    fn idl() -> Value {
        serde_json::from_slice(&generate("address", "1.2.3").unwrap()).unwrap()
    }

    /// Bytes of a type as the IDL describes it.
    fn size(idl: &Value, ty: &Value) -> usize {
        if let Some(array) = ty.get("array") {
            return size(idl, &array[0]) * array[1].as_u64().unwrap() as usize;
        }
        if let Some(name) = ty.pointer("/defined/name") {
            let types = idl["types"].as_array().unwrap();
            let defined = types.iter().find(|t| t["name"] == *name).unwrap();
            let fields = defined.pointer("/type/fields").unwrap().as_array().unwrap();
            return fields.iter().map(|field| size(idl, &field["type"])).sum();
        }
        match ty.as_str().unwrap() {
            "u8" => 1,
            "u32" => 4,
            "u64" | "i64" => 8,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn layouts_have_their_size_in_memory() {
        let idl = idl();
        for (name, expected) in [
            ("RollupState", size_of::<RollupState>()),
            ("RingEntry", size_of::<RingEntry>()),
            ("CommitteeState", size_of::<CommitteeState>()),
            ("Member", size_of::<Member>()),
        ] {
            assert_eq!(
                size(&idl, &json!({ "defined": { "name": name } })),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn everything_is_listed() {
        let idl = idl();
        let count = |list: &str| idl[list].as_array().unwrap().len();
        assert_eq!(
            (count("instructions"), count("accounts")),
            (instruction::ALL.len(), 2)
        );
        assert_eq!(
            (count("events"), count("errors")),
            (Event::ALL.len(), ProgramError::ALL.len())
        );
        let submit_roots = &idl["instructions"][0];
        assert_eq!(submit_roots["name"], "submit_roots");
        let types = [
            json!("u64"),
            json!({ "array": ["u8", 298] }),
            json!("bytes"),
            json!({ "vec": { "array": ["u8", 32] } }),
        ];
        for (argument, expected) in types.iter().enumerate() {
            assert_eq!(submit_roots["args"][argument]["type"], *expected);
        }
        assert_eq!(idl["errors"][0]["code"], 6000);
    }

    #[test]
    fn unknown_types_are_refused() {
        assert!(type_json("f64").is_err());
        assert!(type_json("[u8]").is_err());
        assert!(type_json("[u8; UNHEARD_OF]").is_err());
    }
}
