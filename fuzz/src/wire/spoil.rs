//! Spoiling an encoding, as somebody would who knows its layout.

use hotshot_types::message::MAX_PAYLOAD;

use crate::entropy::Entropy;

/// What lengths are next to.
const LENGTHS: [u32; 8] = [
    0,
    1,
    128,
    129,
    257,
    MAX_PAYLOAD as u32,
    MAX_PAYLOAD as u32 + 1,
    u32::MAX,
];

/// One change.
pub fn once(bytes: &mut Vec<u8>, entropy: &mut Entropy) {
    let kind = entropy.byte() % 8;
    if bytes.is_empty() {
        bytes.push(kind);
        return;
    }
    let at = entropy.below(bytes.len());
    match kind {
        0 => bytes[at] ^= 1 << (entropy.byte() % 8),
        1 => bytes[at] = entropy.byte(),
        2 => overwrite(bytes, at, &LENGTHS[entropy.below(LENGTHS.len())].to_le_bytes()),
        3 => overwrite(bytes, at, &[entropy.byte(); 32]),
        4 => bytes.truncate(at),
        5 => bytes.insert(at, entropy.byte()),
        6 => {
            let end = bytes.len().min(at + 1 + entropy.below(64));
            bytes.drain(at..end);
        }
        _ => {
            let end = bytes.len().min(at + 1 + entropy.below(400));
            let twice = bytes[at..end].to_vec();
            bytes.splice(at..at, twice);
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (old, new) in bytes[at..].iter_mut().zip(with) {
        *old = *new;
    }
}
