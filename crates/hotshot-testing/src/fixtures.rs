//! What every simulation starts from: keys, committees, genesis, the application's rule, and short times.

use std::{sync::LazyLock, time::Duration};

use hotshot::Timing;
use hotshot_types::{Committee, Epoch, KeyPair, Member, NodeId, Signature, Stake, View};
use rollup_abi::{Digest, Header, header::FIRST_VERSION, sha256};

/// The simulated chain.
pub const CHAIN: Digest = [7; 32];
/// Wall clock at virtual time zero, in milliseconds since 1970.
pub const EPOCH_MS: u64 = 1_700_000_000_000;
/// Most members of a simulated committee.
pub const MAX_NODES: usize = 32;

static KEYS: LazyLock<Vec<KeyPair>> = LazyLock::new(|| {
    (1u8..)
        .take(MAX_NODES)
        .map(|i| {
            let mut secret = [0; 32];
            secret[31] = i;
            KeyPair::from_bytes(&secret).expect("a small number is a key")
        })
        .collect()
});

/// Stands where a signature would: who signed what is known to the ledger of the simulation.
pub static PLACEHOLDER: LazyLock<Signature> = LazyLock::new(|| KEYS[0].sign(&[0; 32]));

/// The name of member `index`.
pub fn node_id(index: usize) -> NodeId {
    NodeId([u8::try_from(index + 1).expect("at most MAX_NODES"); 32])
}

/// A committee with these stakes.
///
/// # Panics
///
/// With more than [`MAX_NODES`] members, or none.
pub fn committee(stakes: &[u64]) -> Committee {
    committee_of(0, stakes, None)
}

/// The committee of an epoch: those with stake, in an order of leaders that `seed` draws.
///
/// # Panics
///
/// With more than [`MAX_NODES`] members, or none.
pub fn committee_of(epoch: u64, stakes: &[u64], seed: Option<&Digest>) -> Committee {
    let members = stakes.iter().enumerate().filter(|(_, stake)| **stake > 0);
    let members = members.map(|(i, stake)| Member {
        node: node_id(i),
        key: KEYS[i].public().clone(),
        stake: Stake::new(*stake),
    });
    let (epoch, members) = (Epoch::new(epoch), members.collect());
    let committee = match seed {
        Some(seed) => Committee::seeded(CHAIN, epoch, members, seed),
        None => Committee::new(CHAIN, epoch, members),
    };
    committee.expect("distinct members with stake")
}

/// The genesis header.
pub fn genesis() -> Header {
    Header {
        chain_id: CHAIN,
        timestamp_ms: EPOCH_MS - 1,
        state_root: [1; 32],
        ..Header::default()
    }
}

/// The simulated application's rules, by version.
pub fn state_after(parent: &Header, version: u16, payload: &[u8]) -> Digest {
    match version {
        FIRST_VERSION => sha256(&[&parent.state_root, payload]),
        later => sha256(&[&parent.state_root, payload, &later.to_le_bytes()]),
    }
}

/// A valid block's header on `parent`, in the first epoch and of its version.
pub fn child(parent: &Header, view: View, now_ms: u64, payload: &[u8]) -> Header {
    Header {
        view: view.get(),
        next_committee: [0; 32],
        height: parent.height + 1,
        timestamp_ms: now_ms.max(parent.timestamp_ms + 1),
        parent: parent.commitment(),
        payload_commitment: rollup_abi::vote::payload_commitment(payload),
        state_root: state_after(parent, parent.version, payload),
        ..parent.clone()
    }
}

/// Times that make a run short.
pub fn fast() -> Timing {
    Timing {
        block_interval: Duration::ZERO,
        view_timeout: Duration::from_millis(300),
        max_view_timeout: Duration::from_secs(3),
        resend: Duration::from_millis(120),
        fetch_delay: Duration::from_millis(20),
        fetch_retry: Duration::from_millis(100),
        max_clock_drift: Duration::from_secs(1),
    }
}
