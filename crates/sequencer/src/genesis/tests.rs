//! The genesis file and what follows from it.

use hotshot_types::KeyPair;

use super::*;

fn file(members: u8) -> GenesisFile {
    let member = |i: u8| MemberEntry {
        node: Address::new([i; 32]),
        bls: HexBytes(
            KeyPair::from_bytes(&[i; 32])
                .expect("below the order")
                .public()
                .to_bytes()
                .into(),
        ),
        stake: 1,
        peer_id: format!("peer{i}"),
        address: format!("/ip4/127.0.0.1/tcp/{i}"),
        possession: None,
    };
    let account = |i: u8| AccountEntry {
        address: Address::new([i; 32]),
        balance: Amount::from_base_units(5),
    };
    GenesisFile {
        program_id: Address::new([1; 32]),
        mint_authority: Address::new([2; 32]),
        supply_cap: Amount::from_base_units(100),
        minimum_fee: Amount::from_base_units(1),
        gas_price: Amount::from_base_units(1_000),
        block_gas: 100_000_000,
        timestamp_ms: 7,
        accounts: vec![account(9), account(3)],
        committee: (1..=members).map(member).collect(),
        epoch_length: 0,
        roster_authority: None,
    }
}

#[test]
fn a_file_round_trips_and_deploys() {
    let file = file(4);
    assert_eq!(GenesisFile::parse(&file.to_text()).expect("own text"), file);
    let deployment = file.deploy().expect("valid");
    assert_eq!(deployment.header.state_root, deployment.state.root());
    assert_eq!(
        (deployment.header.height, deployment.header.chain_id),
        (0, deployment.chain_id)
    );
    assert_eq!(
        deployment.committee.hash(),
        &deployment.genesis.committee,
        "both definitions agree"
    );
}

#[test]
fn the_chain_id_covers_stakes_and_rules_but_not_addresses() {
    let base = file(4).deploy().expect("valid").chain_id;
    let with = |change: fn(&mut GenesisFile)| {
        let mut other = file(4);
        change(&mut other);
        other.deploy().expect("valid").chain_id
    };
    assert_eq!(
        with(|f| f.committee[0].address = "/ip4/10.0.0.1/tcp/1".into()),
        base
    );
    assert_eq!(with(|f| f.accounts.reverse()), base, "accounts are a set");
    assert_ne!(with(|f| f.committee[0].stake = 2), base);
    assert_ne!(with(|f| f.minimum_fee = Amount::ZERO), base);
    assert_ne!(with(|f| f.gas_price = Amount::ZERO), base);
    assert_ne!(with(|f| f.block_gas = 0), base);
    assert_ne!(with(|f| f.accounts.truncate(1)), base);
}

#[test]
fn mistakes_are_named() {
    let error = |change: fn(&mut GenesisFile)| {
        let mut other = file(4);
        change(&mut other);
        other.deploy().expect_err("a mistake").to_string()
    };
    assert!(error(|f| f.committee.clear()).contains("committee of 0 members"));
    assert!(
        error(|f| f.committee[1].bls.0.truncate(3)).contains("member 1: BLS key of 3 bytes, expected 192")
    );
    assert!(error(|f| f.committee[2].bls.0[5] ^= 1).contains("member 2: BLS key: "));
    assert!(error(|f| f.supply_cap = Amount::from_base_units(9)).contains("supply cap"));
    let error = GenesisFile::parse("{\"program\": 1}")
        .expect_err("no such field")
        .to_string();
    assert!(error.contains("program") && error.contains("line 1"), "{error}");
}

/// Four members of a chain with epochs, each with its proof.
fn with_epochs() -> GenesisFile {
    let mut file = file(4);
    file.epoch_length = 20;
    file.roster_authority = Some(Address::new([2; 32]).into());
    prove(&mut file);
    file
}

fn prove(file: &mut GenesisFile) {
    let chain_id = file.chain_id().expect("valid");
    for (entry, i) in file.committee.iter_mut().zip(1u8..) {
        let key = KeyPair::from_bytes(&[i; 32]).expect("below the order");
        let proof = key.prove_possession(&chain_id, &NodeId(*entry.node.as_bytes()));
        entry.possession = Some(HexBytes(proof.to_bytes().to_vec()));
    }
}

#[test]
fn a_chain_with_epochs_has_its_committee_on_the_roster() {
    let file = with_epochs();
    assert_eq!(GenesisFile::parse(&file.to_text()).expect("own text"), file);
    let deployment = file.deploy().expect("valid");
    assert_eq!(deployment.chain_id, file.chain_id().expect("valid"));
    let roster = deployment.state.roster();
    for epoch in [0, 1] {
        let committee = roster.committee(epoch).expect("fixed by genesis");
        let committee = crate::application::committee_of(&deployment.chain_id, Epoch::ZERO, committee);
        assert_eq!(committee.hash(), deployment.committee.hash());
    }
    assert_eq!(
        roster.validators[0].address.as_str(),
        "/ip4/127.0.0.1/tcp/1/p2p/peer1"
    );
    let mut moved = with_epochs();
    moved.committee[0].address = "/ip4/10.0.0.1/tcp/1".into();
    let chain_id = moved.chain_id().expect("valid");
    assert_ne!(chain_id, deployment.chain_id, "transactions change addresses now");
    let error = moved.deploy().expect_err("proven for another chain");
    assert!(error.to_string().contains("proof of possession"), "{error}");
}

#[test]
fn mistakes_about_epochs_are_named() {
    let error = |change: fn(&mut GenesisFile)| {
        let mut other = with_epochs();
        change(&mut other);
        other.deploy().expect_err("a mistake").to_string()
    };
    assert!(error(|f| f.epoch_length = 9).contains("epoch_length is 9, expected 0 or at least 10"));
    assert!(error(|f| f.epoch_length = 0).contains("roster_authority"));
    assert!(error(|f| f.roster_authority = None).contains("roster_authority"));
    let missing = error(|f| f.committee[2].possession = None);
    assert!(
        missing.contains("member 2: proof of possession of 0 bytes, expected 64"),
        "{missing}"
    );
    assert!(error(|f| f.committee[1].address = "x".repeat(200)).contains("member 1: address"));
}
