//! Four real nodes in one process: a transaction that only one of them was given is decided without that one.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use assetvm::{Action, Address, Amount, Nonce, SigningKey, TransactionBody};
use hotshot_libp2p::identity_from_seed;
use jsonrpsee::{
    core::client::Subscription,
    ws_client::{WsClient, WsClientBuilder},
};
use rand::rngs::OsRng;
use sequencer::{
    config::{Config, KeyFiles, Settings},
    genesis::{AccountEntry, GenesisFile, MemberEntry},
    keystore::Keys,
    node::Node,
    rpc::{
        AssetApiClient as _,
        text::HexBytes,
        types::{BlockSummary, IdText, TransactionStatus},
    },
};
use tokio::{sync::oneshot, task::JoinHandle};

/// No step may take longer: then something hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const NODES: usize = 4;

struct Running {
    client: WsClient,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), sequencer::node::NodeError>>,
}

/// Ports that nobody uses at the moment.
fn free_ports() -> [u16; NODES] {
    let listeners = [(); NODES].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("bound").port())
}

/// The files of a committee; the configurations of its nodes.
fn committee(dir: &Path, alice: &SigningKey) -> (GenesisFile, Vec<Config>) {
    let ports = free_ports();
    let place = |index: usize| -> PathBuf { dir.join(index.to_string()) };
    let member = |index: usize| {
        std::fs::create_dir_all(place(index)).expect("made");
        let keys = Keys::generate(&mut OsRng);
        keys.write(&KeyFiles::in_dir(&place(index))).expect("fresh");
        MemberEntry {
            node: keys.solana.address(),
            bls: HexBytes(keys.bls.public().to_bytes().to_vec()),
            stake: 1,
            peer_id: identity_from_seed(*keys.libp2p).public().to_peer_id().to_string(),
            address: format!("/ip4/127.0.0.1/tcp/{}", ports[index]),
            possession: None,
        }
    };
    let program_id = Address::new([7; 32]);
    let genesis = GenesisFile {
        program_id,
        mint_authority: alice.address(),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::ZERO,
        gas_price: Amount::from_base_units(1_000),
        block_gas: 100_000_000,
        timestamp_ms: 1,
        accounts: vec![AccountEntry {
            address: alice.address(),
            balance: Amount::from_base_units(1_000),
        }],
        committee: (0..NODES).map(member).collect(),
        epoch_length: 0,
        roster_authority: None,
    };
    std::fs::write(dir.join("genesis.json"), genesis.to_text()).expect("written");
    let config = |index: usize| {
        let files = KeyFiles::in_dir(&place(index));
        let settings = Settings {
            data_dir: Some(place(index).join("data")),
            genesis: Some(dir.join("genesis.json")),
            bls_key: Some(files.bls),
            libp2p_key: Some(files.libp2p),
            solana_key: Some(files.solana),
            listen_p2p: Some(genesis.committee[index].address.clone()),
            listen_rpc: Some("127.0.0.1:0".into()),
            listen_metrics: Some("127.0.0.1:0".into()),
            block_interval_ms: Some(100),
            solana_rpc_url: Some("http://127.0.0.1:1".into()),
            solana_ws_url: Some("ws://127.0.0.1:1".into()),
            program_id: Some(program_id.to_string()),
            ..Settings::default()
        };
        Config::resolve(settings).expect("complete")
    };
    let configs = (0..NODES).map(config).collect();
    (genesis, configs)
}

async fn start(config: &Config) -> Running {
    let node = Node::start(config).await.expect("starts");
    let client = WsClientBuilder::default()
        .build(format!("ws://{}", node.ports().rpc))
        .await
        .expect("connects");
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(node.run_until(async move {
        let _ = stopped.await;
        "the test"
    }));
    Running { client, stop, ended }
}

async fn stop(node: Running) {
    node.stop.send(()).expect("the node waits for it");
    node.ended.await.expect("no panic").expect("an orderly end");
}

/// Follows one node's blocks until the transaction's status there is as wanted.
async fn until(
    client: &WsClient,
    blocks: &mut Subscription<BlockSummary>,
    id: IdText,
    wanted: impl Fn(&TransactionStatus) -> bool,
) -> TransactionStatus {
    let found = async {
        loop {
            let status = client.transaction_status(id).await.expect("answers");
            if wanted(&status) {
                return status;
            }
            blocks.next().await.expect("blocks go on").expect("a summary");
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_outlives_the_validator_that_took_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let alice = SigningKey::from_seed(&[1; 32]);
    let (genesis, configs) = committee(dir.path(), &alice);
    let chain_id = genesis.deploy().expect("valid").chain_id;
    let mut nodes = Vec::new();
    for config in &configs {
        nodes.push(start(config).await);
    }
    let pay = |nonce: u64| {
        alice.sign(TransactionBody {
            chain_id,
            sender: alice.address(),
            nonce: Nonce::new(nonce),
            fee: Amount::ZERO,
            action: Action::transfer(Address::new([2; 32]), Amount::from_base_units(1)),
        })
    };
    // Its turn in the sender's sequence has not come, so it waits where it is known, and no leader takes it.
    let (first, second) = (pay(0), pay(1));
    let last = nodes.pop().expect("four");
    let id = last
        .client
        .submit_transaction(HexBytes(second.encode()))
        .await
        .expect("taken");
    let survivor = &nodes[0].client;
    let mut blocks = survivor.subscribe_blocks().await.expect("subscribed");
    let status = until(survivor, &mut blocks, id, |status| {
        *status != TransactionStatus::Unknown
    })
    .await;
    assert_eq!(status, TransactionStatus::Pending, "another validator knows it");
    stop(last).await;

    survivor
        .submit_transaction(HexBytes(first.encode()))
        .await
        .expect("taken");
    let status = until(survivor, &mut blocks, id, |status| status.inclusion().is_some()).await;
    assert_eq!(
        status.inclusion().and_then(|place| place.receipt.failure.clone()),
        None
    );
    let status = survivor.status().await.expect("answers");
    assert_eq!((status.committee, status.halted), (4, None));
    for node in nodes {
        stop(node).await;
    }
}
