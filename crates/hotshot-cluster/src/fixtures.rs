//! Keys and committees that are the same everywhere.

use std::time::Duration;

use hotshot::{Committees, Timing};
use hotshot_types::{Committee, Epoch, Epochs, Height, KeyPair, Member, NodeId, Stake};
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
    of_members(chain_id, Epoch::ZERO, 0..size)
}

/// All of `size` members but one, who comes back in the next epoch, when the one after it leaves.
///
/// # Panics
///
/// With less than two members, or beyond 255.
pub fn rotating(chain_id: Digest, epoch: Epoch, size: usize) -> Committee {
    let absent = |index: &usize| epoch.get() % size as u64 == *index as u64;
    of_members(chain_id, epoch, (0..size).filter(|index| !absent(index)))
}

/// What a node knows of [`rotating`] committees that has decided up to `height`.
pub fn rotating_known(chain_id: Digest, epochs: Epochs, height: Height, size: usize) -> Committees {
    let epoch = epochs.of(height);
    let of = |epoch| rotating(chain_id, epoch, size);
    let mut known = Committees::new(of(epoch.previous()));
    let last = if epochs.is_last(height) {
        epoch.plus(2)
    } else {
        epoch.next()
    };
    for epoch in [epoch, epoch.next(), last] {
        known.add(of(epoch));
    }
    known
}

fn of_members(chain_id: Digest, epoch: Epoch, members: impl Iterator<Item = usize>) -> Committee {
    let members = members.map(|index| Member {
        node: node_id(index),
        key: key(index).public().clone(),
        stake: Stake::new(1),
    });
    Committee::new(chain_id, epoch, members.collect()).expect("distinct members with stake")
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
