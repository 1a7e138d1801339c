//! What a client believes: a certificate of the committee that the chain's id names, and nothing else.

use assetvm::{Address, Amount, GasRules, Genesis, GenesisRoster, SigningKey};
use client::rpc::text::Hex32;
use client::rpc::types::{CertifiedHeader, GenesisView, MemberView};
use client::{Chain, Client, ClientError, Solana, Stage, proof::ProofFile, rpc::text::HexBytes};
use hotshot_types::{Certificate2, CertificateError, KeyPair, Phase2, VoteData};
use rollup_abi::{Digest, Header, committee};

struct World {
    keys: Vec<KeyPair>,
    view: GenesisView,
}

impl World {
    fn new(members: u8) -> Self {
        let keys: Vec<_> = (0..members)
            .map(|_| KeyPair::generate(&mut rand::rngs::OsRng))
            .collect();
        let node = |index: usize| [u8::try_from(index).unwrap() + 1; 32];
        let nodes: Vec<_> = (0..keys.len()).map(node).collect();
        let digests = keys
            .iter()
            .zip(&nodes)
            .map(|(key, node)| (key.public().pk2(), 1, node));
        let authority = SigningKey::from_seed(&[1; 32]).address();
        let genesis = Genesis {
            program_id: authority,
            mint_authority: authority,
            supply_cap: Amount::MAX,
            minimum_fee: Amount::ZERO,
            gas: GasRules::default(),
            accounts: vec![(authority, Amount::from_base_units(7))],
            committee: committee::committee_hash(0, digests),
            timestamp_ms: 1,
            roster: GenesisRoster::default(),
        };
        let committee = keys.iter().zip(&nodes).map(|(key, node)| MemberView {
            node: Address::new(*node).to_string(),
            bls: HexBytes(key.public().to_bytes().to_vec()),
            stake: 1,
        });
        let view = GenesisView {
            chain_id: Hex32(genesis.chain_id()),
            genesis: HexBytes(genesis.encode()),
            state_root: Hex32(genesis.state().unwrap().root()),
            committee: committee.collect(),
        };
        Self { keys, view }
    }

    fn header(&self) -> Header {
        Header {
            chain_id: self.view.chain_id.0,
            view: 9,
            height: 8,
            state_root: self.view.state_root.0,
            ..Header::default()
        }
    }

    /// The header with a certificate of the members with these indices.
    fn certified(&self, chain: &Chain, header: &Header, signers: &[usize]) -> CertifiedHeader {
        let data = VoteData::of(header, header.commitment());
        let digest: Digest = data.digest::<Phase2>(chain.id());
        let votes = signers.iter().map(|at| (*at, self.keys[*at].sign(&digest)));
        let certificate = Certificate2::assemble(&chain.committee, data, votes).expect("a certificate");
        CertifiedHeader::new(header, certificate.to_wire())
    }
}

#[test]
fn a_chain_is_what_its_id_is_the_hash_of() {
    let world = World::new(4);
    let chain = Chain::of(&world.view).unwrap();
    assert_eq!(*chain.id(), world.view.chain_id.0);
    chain.clone().expect(&world.view.chain_id.0).unwrap();
    assert!(matches!(chain.expect(&[0; 32]), Err(ClientError::Chain { .. })));
    let mut other = world.view.clone();
    other.chain_id.0[0] ^= 1;
    assert!(matches!(Chain::of(&other), Err(ClientError::Chain { .. })));
    let mut swapped = world.view.clone();
    swapped.committee.swap(0, 1);
    assert!(matches!(Chain::of(&swapped), Err(ClientError::Answer { .. })));
    let mut richer = world.view.clone();
    richer.committee[0].stake = 100;
    assert!(matches!(Chain::of(&richer), Err(ClientError::Answer { .. })));
    let mut garbled = world.view.clone();
    garbled.genesis.0.pop();
    assert!(matches!(Chain::of(&garbled), Err(ClientError::Genesis(_))));
}

#[test]
fn only_a_quorum_s_certificate_makes_a_header_final() {
    let world = World::new(4);
    let chain = Chain::of(&world.view).unwrap();
    let header = world.header();
    let good = world.certified(&chain, &header, &[0, 1, 3]);
    let checked = chain.check(&good).unwrap();
    assert_eq!(checked.header, header);
    let signers: Vec<_> = chain.signers(&checked.certificate).collect();
    assert_eq!(signers, [1, 2, 4].map(|n| Address::new([n; 32])));

    let few = world.certified(&chain, &header, &[0, 1]);
    assert!(matches!(
        chain.check(&few),
        Err(ClientError::Certificate {
            source: CertificateError::Quorum { .. },
            ..
        })
    ));
    for at in 0..good.header.0.len() {
        let mut bad = good.clone();
        bad.header.0[at] ^= 1;
        assert!(chain.check(&bad).is_err(), "byte {at} of the header");
    }
    for at in 0..good.certificate.0.len() {
        let mut bad = good.clone();
        bad.certificate.0[at] ^= 1;
        assert!(chain.check(&bad).is_err(), "byte {at} of the certificate");
    }
    let stranger = World::new(4);
    assert!(Chain::of(&stranger.view).unwrap().check(&good).is_err());
}

#[test]
fn a_proof_s_file_holds_against_its_root_alone() {
    let world = World::new(4);
    let chain = Chain::of(&world.view).unwrap();
    let header = world.header();
    let certified = world.certified(&chain, &header, &[0, 1, 2]);
    let state = chain.genesis.state().unwrap();
    let owner = chain.genesis.mint_authority;
    let file = ProofFile {
        chain_id: world.view.chain_id,
        program: chain.genesis.program_id,
        address: owner,
        balance: Amount::from_base_units(7),
        nonce: 0,
        height: header.height,
        state_root: world.view.state_root,
        proof: HexBytes(state.prove(&owner).encode()),
        header: certified.header,
        certificate: certified.certificate,
    };
    let text = serde_json::to_string(&file).unwrap();
    let read: ProofFile = serde_json::from_str(&text).unwrap();
    assert_eq!(read, file);
    let account = read.verify(&state.root()).unwrap();
    assert_eq!(account.balance, Amount::from_base_units(7));
    assert!(read.verify(&[0; 32]).is_err());
    let richer = ProofFile {
        balance: Amount::from_base_units(8),
        ..file
    };
    assert!(richer.verify(&state.root()).is_err());
}

#[tokio::test]
async fn who_is_not_there_is_named() {
    assert!(matches!(
        Client::new::<&str>(&[]),
        Err(ClientError::Endpoints { got: 0 })
    ));
    assert!(matches!(
        Client::new(&["nowhere"]),
        Err(ClientError::Endpoint { .. })
    ));
    let client = Client::new(&["http://127.0.0.1:1", "http://127.0.0.1:2"]).unwrap();
    let error = client.status().await.unwrap_err().to_string();
    assert!(
        error.contains("127.0.0.1:1") && error.contains("127.0.0.1:2"),
        "{error}"
    );
    let solana = Solana::new("http://127.0.0.1:1").unwrap();
    let error = solana
        .rollup(&Address::new([1; 32]))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("127.0.0.1:1"), "{error}");
}

#[test]
fn stages_are_in_order() {
    for stage in [Stage::Accepted, Stage::Final, Stage::Settled] {
        assert_eq!(stage.to_string().parse(), Ok(stage));
    }
    assert!(Stage::Accepted < Stage::Final && Stage::Final < Stage::Settled);
    assert!("soon".parse::<Stage>().is_err());
}
