//! The wire: round trips, golden bytes, and bounds.

mod fixture;

use std::sync::LazyLock;

use fixture::{header, messages, proposal};
use hotshot_types::{
    Message, MessageError,
    message::{MAX_FETCH_BLOCKS, MAX_FETCH_TAIL, MAX_LEN, MAX_PAYLOAD},
};
use proptest::prelude::*;
use rollup_abi::sha256;

static MESSAGES: LazyLock<Vec<Message>> = LazyLock::new(messages);

fn decode(bytes: &[u8]) -> Option<Message> {
    Message::decode(bytes).ok().map(|message| message.peek().clone())
}

#[test]
fn every_message_comes_back_and_no_part_of_it_does() {
    for message in messages() {
        let bytes = message.encode().unwrap();
        assert_eq!(decode(&bytes), Some(message.clone()), "{}", message.name());
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None, "{} cut at {end}", message.name());
        }
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(decode(&longer), None, "{} with a byte too many", message.name());
    }
}

#[test]
fn golden_bytes() {
    let lines: Vec<String> = messages()
        .iter()
        .map(|message| {
            let bytes = message.encode().unwrap();
            format!(
                "{} {} {}",
                message.name(),
                bytes.len(),
                hex::encode(&sha256(&[&bytes])[..8])
            )
        })
        .collect();
    // Kind, length, and the start of the bytes' hash. They change only together with the protocol.
    let golden = [
        "proposal 803 c63f10a7baa37724",
        "vote1 121 86b939a1a7fcbf57",
        "vote2 121 eedb0eb58c09b59d",
        "certificate1 124 263d0906768a5304",
        "certificate2 124 c89ca49b8956599d",
        "timeout 221 4a2bb7f69a8ccbec",
        "timeout_certificate 245 92a80110de081251",
        "fetch_proposal 33 e7dac5e34035890e",
        "fetched_proposal 796 babd7e90956d6e5b",
        "fetch_blocks 9 80cd67c0ee6448fd",
        "fetched_blocks 1136 fe81526df8bd9f56",
        "dispersed 27153 6494ba00b8633e98",
        "upgrade_vote 93 e1992b3052651dcc",
        "upgrade_certificate 95 b894d35a373edafb",
    ];
    assert_eq!(lines, golden);
}

#[test]
fn the_largest_payload_fits_and_no_larger() {
    let largest = Message::Proposal(proposal(&vec![7; MAX_PAYLOAD]));
    let bytes = largest.encode().unwrap();
    assert!(bytes.len() <= MAX_LEN);
    assert_eq!(decode(&bytes), Some(largest));
    // Of a larger one, its length alone is refused: the bytes need not be there.
    let larger = Message::Proposal(proposal(&vec![7; MAX_PAYLOAD + 1]))
        .encode()
        .unwrap();
    assert!(matches!(
        Message::decode(&larger),
        Err(MessageError::Malformed(_))
    ));
    let length_at = larger.len() - 64 - (MAX_PAYLOAD + 1) - 4;
    let error = Message::decode(&larger[..length_at + 4]).unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
    assert!(matches!(
        Message::decode(&vec![0; MAX_LEN + 1]),
        Err(MessageError::TooLong { .. })
    ));
    assert!(matches!(
        Message::Proposal(proposal(&vec![7; MAX_LEN])).encode(),
        Err(MessageError::TooLong { .. })
    ));
}

#[test]
fn lists_are_bounded_by_their_count() {
    // Answer to a fetch: kind, then the blocks' count, then the headers'.
    let mut bytes = vec![10];
    bytes.extend(u32::try_from(MAX_FETCH_BLOCKS + 1).unwrap().to_le_bytes());
    assert!(
        Message::decode(&bytes)
            .unwrap_err()
            .to_string()
            .contains("at most")
    );
    let mut bytes = vec![10, 0, 0, 0, 0];
    bytes.extend(u32::try_from(MAX_FETCH_TAIL + 1).unwrap().to_le_bytes());
    assert!(
        Message::decode(&bytes)
            .unwrap_err()
            .to_string()
            .contains("at most")
    );
    let mut bytes = vec![6];
    bytes.extend([0; 16]);
    bytes.extend(129u32.to_le_bytes());
    assert!(
        Message::decode(&bytes)
            .unwrap_err()
            .to_string()
            .contains("at most")
    );
}

#[test]
fn the_leader_signs_the_leaf_and_so_everything() {
    let signed = proposal(b"payload");
    assert!(signed.proposal.payload_matches(&fixture::committee()));
    assert_eq!(signed.proposal.leaf(), header(b"payload").commitment());
    let mut other = (*signed.proposal).clone();
    other.payload = b"other"[..].into();
    assert!(!other.payload_matches(&fixture::committee()));
}

proptest! {
    #[test]
    fn noise_is_never_more_than_an_error(kind in 0u8..14, noise in proptest::collection::vec(any::<u8>(), 0..600)) {
        let bytes = [vec![kind], noise].concat();
        if let Ok(message) = Message::decode(&bytes) {
            // What does decode has one encoding only.
            prop_assert_eq!(message.peek().encode().unwrap(), bytes);
        }
    }

    #[test]
    fn one_flipped_bit_is_an_error_or_another_message(which in 0usize..13, at: prop::sample::Index, bit in 0u8..8) {
        let message = &MESSAGES[which];
        let mut bytes = message.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Some(decoded) = decode(&bytes) {
            prop_assert_ne!(&decoded, message);
        }
    }
}
