//! Decoders: whatever the bytes, they are refused, or they are the one encoding of what is read.
//!
//! An input is the bytes themselves, or it says how to build a value, and how to spoil its encoding then. So both what a peer
//! could say by accident and what it could say with a plan comes to the decoder.

mod look;
pub mod spoil;
mod values;

use std::fmt::Debug;

use borsh::{BorshDeserialize, BorshSerialize};
use hotshot::Record;
use hotshot_types::{
    Certificate1, Certificate2, Message, Share, SignedProposal, TimeoutCertificate, TimeoutVote,
    UpgradeCertificate, UpgradeVote, Vote1, Vote2, WrongEncoding,
    message::{Dispersed, FetchBlocks, FetchProposal, FetchedBlocks, MAX_LEN, MAX_PAYLOAD},
};

use crate::{entropy::Entropy, memory::measured};

/// What a decoder may take beyond twice the bytes that it reads: one payload that is announced and does not come, and the
/// lists of the longest answer.
const ROOM: usize = MAX_PAYLOAD + (512 << 10);

pub fn message(input: &[u8]) {
    decoder(input, values::message, look::message);
    if let Ok(message) = Message::decode(input) {
        assert_eq!(message.peek().encode().expect("it was read"), input);
    }
}

pub fn proposal(input: &[u8]) {
    decoder::<SignedProposal>(input, values::signed, look::proposal);
}

pub fn votes(input: &[u8]) {
    decoder::<Vote1>(input, values::vote, look::vote);
    decoder::<Vote2>(input, values::vote, look::vote);
    decoder::<TimeoutVote>(input, values::timeout_vote, look::timeout_vote);
}

pub fn certificates(input: &[u8]) {
    decoder::<Certificate1>(input, values::certificate, look::certificate);
    decoder::<Certificate2>(input, values::certificate, look::certificate);
}

pub fn timeout_certificate(input: &[u8]) {
    decoder::<TimeoutCertificate>(input, values::timeout_certificate, look::timeout_certificate);
}

pub fn upgrades(input: &[u8]) {
    decoder::<UpgradeVote>(input, values::upgrade_vote, look::upgrade_vote);
    decoder::<UpgradeCertificate>(input, values::upgrade_certificate, look::upgrade_certificate);
}

pub fn fetches(input: &[u8]) {
    decoder::<FetchProposal>(input, values::fetch_proposal, |_| ());
    decoder::<FetchBlocks>(input, values::fetch_blocks, |_| ());
}

pub fn fetched_blocks(input: &[u8]) {
    decoder::<FetchedBlocks>(input, values::fetched_blocks, look::fetched_blocks);
}

pub fn dispersed(input: &[u8]) {
    decoder::<Dispersed>(input, values::dispersed, look::dispersed);
}

pub fn share(input: &[u8]) {
    decoder::<Share>(input, values::share, look::share);
}

pub fn wrong_encoding(input: &[u8]) {
    decoder::<WrongEncoding>(input, values::wrong_encoding, look::wrong_encoding);
}

pub fn record(input: &[u8]) {
    decoder::<Record>(input, values::record, look::record);
}

/// `build` makes any value; `look` does with it what is done with one before it is believed.
fn decoder<T>(input: &[u8], build: impl Fn(&mut Entropy) -> T, look: impl Fn(&T))
where
    T: BorshSerialize + BorshDeserialize + PartialEq + Debug,
{
    read(input, &look);
    let mut entropy = Entropy::new(input);
    let value = build(&mut entropy);
    let mut bytes = borsh::to_vec(&value).expect("a Vec takes all");
    assert_eq!(read(&bytes, &look), Some(value), "read otherwise than written");
    for _ in 0..=entropy.below(4) {
        spoil::once(&mut bytes, &mut entropy);
        read(&bytes, &look);
    }
}

fn read<T>(bytes: &[u8], look: impl Fn(&T)) -> Option<T>
where
    T: BorshSerialize + BorshDeserialize,
{
    if bytes.len() > MAX_LEN {
        return None;
    }
    let (value, allocated) = measured(|| borsh::from_slice::<T>(bytes));
    let most = 2 * bytes.len() + ROOM;
    assert!(
        allocated <= most,
        "{allocated} bytes for {}, at most {most}",
        bytes.len()
    );
    let value = value.ok()?;
    let again = borsh::to_vec(&value).expect("a Vec takes all");
    assert_eq!(again, bytes, "two encodings of one value");
    look(&value);
    Some(value)
}
