//! Numbers and values have one encoding each.

use proptest::prelude::*;

use super::*;
use crate::{Address, Type, Value};

fn number(bytes: &[u8]) -> Result<u64, DecodeError> {
    let mut reader = Reader::new(bytes);
    let n = reader.number()?;
    reader.end()?;
    Ok(n)
}

#[test]
fn numbers_are_as_short_as_possible() {
    for (bytes, expected) in [
        (&[0][..], Some(0)),
        (&[0x7f], Some(127)),
        (&[0x80, 1], Some(128)),
        (&[0x80, 0], None),
        (&[0xff, 0], None),
        (&[0x80], None),
        (&[], None),
        (
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            Some(u64::MAX),
        ),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], None),
        (
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0],
            None,
        ),
    ] {
        assert_eq!(number(bytes).ok(), expected, "{bytes:x?}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u64>().prop_map(Value::U64),
        any::<i64>().prop_map(Value::I64),
        any::<u128>().prop_map(Value::U128),
        any::<u128>().prop_map(Value::Fix),
        any::<bool>().prop_map(Value::Bool),
        any::<[u8; 32]>().prop_map(|bytes| Value::Address(Address::new(bytes))),
        any::<[u8; 32]>().prop_map(Value::Hash),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ]
}

proptest! {
    #[test]
    fn numbers_round_trip(n: u64) {
        let mut writer = Writer::default();
        writer.number(n);
        prop_assert_eq!(number(&writer.bytes), Ok(n));
    }

    #[test]
    fn records_round_trip(values in prop::collection::vec(value(), 0..6)) {
        let types: Vec<Type> = values.iter().map(Value::ty).collect();
        let bytes = encode_values(&values);
        let most: u32 = types.iter().map(|ty| ty.max_bytes()).sum();
        prop_assert_eq!(bytes.len(), most as usize);
        prop_assert_eq!(decode_values(&types, &bytes), Ok(values));
    }

    #[test]
    fn what_decodes_encodes_to_the_same(types in prop::collection::vec(value().prop_map(|v| v.ty()), 0..4), bytes: Vec<u8>) {
        if let Ok(values) = decode_values(&types, &bytes) {
            prop_assert_eq!(encode_values(&values), bytes);
        }
    }
}
