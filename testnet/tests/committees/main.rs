//! Committees that change: six real nodes over real sockets, the real program on a local Solana, epochs of forty blocks.
//!
//! Five found the chain. Then a sixth is admitted and starts with nothing but genesis and its keys, one rotates its consensus
//! key, and one retires, all by transactions, while blocks and their roots go on.

mod network;

use std::time::Duration;

use assetvm::{RosterChange, Validator};
use hotshot_types::{KeyPair, NodeId};
use network::{EPOCH, FOUNDERS, Network, within};
use sequencer::keystore::Keys;

/// Who rotates its key, who retires, and who comes.
const ROTATES: usize = 1;
const RETIRES: usize = 4;
const JOINS: usize = 5;

/// The entry of a validator with another consensus key.
fn with_key(network: &Network, index: usize, key: &KeyPair) -> Box<Validator> {
    let node = NodeId(*network.address(index).as_bytes());
    Box::new(Validator {
        key: key.public().to_bytes(),
        possession: key.prove_possession(&network.chain_id(), &node).to_bytes(),
        ..network.validator(index)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_committee_changes_while_blocks_and_roots_go_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut network = Network::start(dir.path()).await;
    // The founders hand over to themselves, on both chains.
    network.reaches(0, EPOCH + 5).await;
    network.settles_epoch(1).await;

    let fresh = Keys::generate(&mut rand::rngs::OsRng).bls;
    network.write_next_key(ROTATES, &fresh);
    let admit = RosterChange::Admit(Box::new(network.validator(JOINS)));
    network.change(network.authority(), admit).await;
    let rotate = RosterChange::Rotate(with_key(&network, ROTATES, &fresh));
    network.change(network.owner(ROTATES), rotate).await;
    let retire = RosterChange::Retire(network.address(RETIRES));
    let changed_in = network.change(network.authority(), retire).await;
    let takes_effect = changed_in / EPOCH + 2;

    // The sixth catches up and follows without a vote, until its epoch.
    network.run(JOINS).await;
    let begins = takes_effect * EPOCH + 1;
    network.reaches(JOINS, begins).await;
    network.reaches(0, begins + EPOCH / 2).await;
    let roster = network.roster(JOINS).await;
    let committee = roster.committee(takes_effect).expect("it serves");
    let members: Vec<_> = committee.members.iter().map(|member| member.node).collect();
    assert_eq!(members, [0, 1, 2, 3, 5].map(|index| network.address(index)));
    assert_eq!(committee.members[ROTATES].bls.0, fresh.public().to_bytes());

    // Everybody in it votes: the newcomer, and whoever has another key now. Nobody voted before it was in.
    let signers = network.signers(begins, 5).await;
    assert_eq!(signers, [0, 1, 2, 3, 4], "of the new committee");
    let before = network.signers(begins - EPOCH, FOUNDERS).await;
    assert_eq!(
        before,
        [0, 1, 2, 3, 4],
        "of the founders: the one who retired votes to its last block"
    );
    network.settles_epoch(takes_effect + 1).await;

    // Whoever holds only the old key is nobody any more.
    network.reaches(0, (takes_effect + 1) * EPOCH + 5).await;
    network.old_key_is_refused(ROTATES).await;

    let end = network.height(0).await;
    network.boundaries_did_not_stop_it(end / EPOCH).await;
    network.settles(end).await;
    network.every_root_is_on_solana_once().await;
    within(Duration::from_secs(60), "everything ends", network.stop()).await;
}
