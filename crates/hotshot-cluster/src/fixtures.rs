//! Keys and committees that are the same everywhere.

use std::time::Duration;

use hotshot::Timing;
use hotshot_types::{Committee, Epoch, KeyPair, Member, NodeId, Stake};
use rollup_abi::Digest;

/// Member `index`'s consensus key.
///
/// # Panics
///
/// Beyond 255 members.
pub fn key(index: usize) -> KeyPair {
    let mut secret = [0; 32];
    secret[31] = name(index);
    KeyPair::from_bytes(&secret).expect("a small number is a key")
}

/// Member `index`'s id.
///
/// # Panics
///
/// Beyond 255 members.
pub fn node_id(index: usize) -> NodeId {
    NodeId([name(index); 32])
}

fn name(index: usize) -> u8 {
    u8::try_from(index + 1).expect("at most 255 members")
}

/// `size` members with one share each.
///
/// # Panics
///
/// Without a member, or beyond 255.
pub fn committee(chain_id: Digest, size: usize) -> Committee {
    let members = (0..size).map(|index| Member {
        node: node_id(index),
        key: key(index).public().clone(),
        stake: Stake::new(1),
    });
    Committee::new(chain_id, Epoch::ZERO, members.collect()).expect("distinct members with stake")
}

/// Times for scenarios in which members fail: as fast as consensus gets, and views that are given up soon.
pub fn impatient() -> Timing {
    Timing {
        block_interval: Duration::ZERO,
        view_timeout: Duration::from_millis(500),
        max_view_timeout: Duration::from_secs(2),
        ..Timing::default()
    }
}
