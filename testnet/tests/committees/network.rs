//! A local Solana with the program, and nodes that are started and stopped.

use std::{
    collections::BTreeSet,
    future::Future,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use assetvm::{
    Action, Address, Amount, Nonce, PeerAddress, RosterChange, SigningKey, TransactionBody, Validator,
};
use hotshot_types::{KeyPair, NodeId, bls::hash_to_curve};
use jsonrpsee::http_client::HttpClient;
use localnet::{Airdrop, Localnet, LocalnetConfig};
use rollup_abi::{
    CertificateRef, Header,
    instruction::{Initialize, MAX_POSTERS, RegisterMember},
    vote::possession_digest,
};
use sequencer::{
    config::{Config, KeyFiles, Settings},
    genesis::{AccountEntry, Deployment, GenesisFile, MemberEntry},
    keystore::Keys,
    node::{Node, NodeError},
    rpc::{
        AssetApiClient as _,
        text::HexBytes,
        types::{IdText, RosterView},
    },
};
use settlement::{CommitmentConfig, Keypair, RollupAccount, RollupClient, Signer as _, deploy};
use tokio::{sync::oneshot, task::JoinHandle};

/// Blocks of an epoch.
pub const EPOCH: u64 = 40;
/// Who founds the chain.
pub const FOUNDERS: usize = 5;
/// All who ever validate.
const NODES: usize = 6;
const STAKE: u64 = 10;
const BLOCK_INTERVAL_MS: u64 = 100;
const SLOT: Duration = Duration::from_millis(100);
const LAMPORTS: u64 = 500_000_000_000;
/// Whatever is waited for comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often something is looked at again.
const LOOK: Duration = Duration::from_millis(50);

pub async fn within<T>(patience: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(patience, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within {patience:?}"),
    }
}

/// A node that runs.
struct Running {
    client: HttpClient,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), NodeError>>,
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).expect("the node waits for it");
        self.ended.await.expect("no panic").expect("an orderly end");
    }
}

pub struct Network {
    dir: PathBuf,
    chain: Localnet,
    client: RollupClient,
    keys: Vec<Keys>,
    ports: Vec<u16>,
    authority: SigningKey,
    deployment: Deployment,
    running: Vec<Option<Running>>,
}

fn free_ports() -> Vec<u16> {
    let taken: Vec<_> = (0..NODES)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"))
        .collect();
    taken
        .iter()
        .map(|listener| listener.local_addr().expect("bound").port())
        .collect()
}

fn solana(key: &SigningKey) -> Keypair {
    Keypair::try_from(&key.to_keypair_bytes()[..]).expect("a key pair")
}

impl Network {
    /// Starts the chain, deploys the program, founds the rollup and starts its five founders.
    pub async fn start(dir: &Path) -> Self {
        let keys: Vec<_> = (0..NODES)
            .map(|_| Keys::generate(&mut rand::rngs::OsRng))
            .collect();
        for (index, keys) in keys.iter().enumerate() {
            std::fs::create_dir_all(dir.join(index.to_string())).expect("made");
            keys.write(&KeyFiles::in_dir(&dir.join(index.to_string())))
                .expect("fresh");
        }
        let deployer = Keypair::new();
        let (chain, client) = solana_with_program(&deployer, &keys).await;
        let (authority, ports) = (SigningKey::from_seed(&[1; 32]), free_ports());
        let deployment = found(dir, &client, &authority, &keys, &ports);
        register(&client, &deployer, &deployment, &keys).await;
        let mut network = Self {
            dir: dir.to_owned(),
            chain,
            client,
            keys,
            ports,
            authority,
            deployment,
            running: (0..NODES).map(|_| None).collect(),
        };
        for index in 0..FOUNDERS {
            network.run(index).await;
        }
        network
    }

    pub fn chain_id(&self) -> [u8; 32] {
        self.deployment.chain_id
    }

    pub fn authority(&self) -> &SigningKey {
        &self.authority
    }

    pub fn owner(&self, index: usize) -> &SigningKey {
        &self.keys[index].solana
    }

    pub fn address(&self, index: usize) -> Address {
        self.owner(index).address()
    }

    /// The entry of a validator as its operator would have it admitted.
    pub fn validator(&self, index: usize) -> Validator {
        let (keys, chain_id) = (&self.keys[index], self.chain_id());
        Validator {
            node: self.address(index),
            key: keys.bls.public().to_bytes(),
            possession: keys.bls.prove_possession(&chain_id, &keys.node()).to_bytes(),
            stake: STAKE,
            address: PeerAddress::new(format!("{}/p2p/{}", p2p(self.ports[index]), peer_id(keys)))
                .expect("short"),
        }
    }

    fn config(&self, place: &Path, index: usize) -> Config {
        let files = KeyFiles::in_dir(place);
        let settings = Settings {
            data_dir: Some(place.join("data")),
            genesis: Some(self.dir.join("genesis.json")),
            bls_key: Some(files.bls),
            libp2p_key: Some(files.libp2p),
            solana_key: Some(files.solana),
            listen_p2p: Some(p2p(self.ports[index])),
            listen_rpc: Some("127.0.0.1:0".into()),
            listen_metrics: Some("127.0.0.1:0".into()),
            block_interval_ms: Some(BLOCK_INTERVAL_MS),
            solana_rpc_url: Some(self.chain.rpc_url().to_owned()),
            solana_ws_url: Some(self.chain.ws_url().to_owned()),
            program_id: Some(self.client.program().to_string()),
            posting: Some(true),
            posting_rank: u16::try_from(index).ok(),
            ..Settings::default()
        };
        Config::resolve(settings).expect("complete")
    }

    async fn start_node(config: &Config) -> Running {
        let node = Node::start(config).await.expect("starts");
        let client = HttpClient::builder()
            .build(format!("http://{}", node.ports().rpc))
            .expect("a client");
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(node.run_until(async move {
            let _ = stopped.await;
            "the test"
        }));
        Running { client, stop, ended }
    }

    /// Starts a node, or starts it again.
    pub async fn run(&mut self, index: usize) {
        let config = self.config(&self.dir.join(index.to_string()), index);
        self.running[index] = Some(Self::start_node(&config).await);
    }

    pub async fn stop(mut self) {
        for running in self.running.iter_mut().filter_map(Option::take) {
            running.stop().await;
        }
        self.chain.stop().await.expect("an orderly end");
    }

    fn rpc(&self, index: usize) -> &HttpClient {
        &self.running[index].as_ref().expect("it runs").client
    }

    pub async fn height(&self, index: usize) -> u64 {
        self.rpc(index).status().await.expect("answers").height
    }

    /// Waits until a node has decided this height.
    pub async fn reaches(&self, index: usize, height: u64) {
        let reached = async {
            while self.height(index).await < height {
                tokio::time::sleep(LOOK).await;
            }
        };
        within(PATIENCE, &format!("node {index} reaches {height}"), reached).await;
    }

    pub async fn roster(&self, index: usize) -> RosterView {
        let view = self.rpc(index).roster().await.expect("answers");
        let root = self.header(view.height).await.state_root;
        view.verify(&root).expect("proven");
        view
    }

    async fn header(&self, height: u64) -> Header {
        let block = self.rpc(0).block(height).await.expect("decided");
        Header::decode(&block.header.0).expect("a header")
    }

    /// Has a change of the roster decided; the height of its block.
    pub async fn change(&self, sender: &SigningKey, change: RosterChange) -> u64 {
        let (client, address) = (self.rpc(0), sender.address());
        let action = Action::Roster(change);
        let account = client.account(address.into()).await.expect("answers");
        let transaction = sender.sign(TransactionBody {
            chain_id: self.chain_id(),
            sender: address,
            nonce: Nonce::new(account.nonce),
            fee: self.deployment.state.params().minimum_fee(&address, &action),
            action,
        });
        let submitted = client.submit_transaction(HexBytes(transaction.encode())).await;
        let id: IdText = submitted.expect("taken");
        let decided = async {
            loop {
                let status = client.transaction_status(id).await.expect("answers");
                if let Some(inclusion) = status.inclusion() {
                    assert_eq!(inclusion.receipt.failure, None);
                    return inclusion.height;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        within(PATIENCE, "the change is decided", decided).await
    }

    /// Puts the next consensus key beside a node's present one.
    pub fn write_next_key(&self, index: usize, key: &KeyPair) {
        let elsewhere = tempfile::tempdir().expect("a directory");
        let files = KeyFiles::in_dir(elsewhere.path());
        let keys = Keys {
            bls: key.clone(),
            ..Keys::generate(&mut rand::rngs::OsRng)
        };
        keys.write(&files).expect("fresh");
        let place = KeyFiles::in_dir(&self.dir.join(index.to_string()));
        std::fs::copy(files.bls, place.bls.with_file_name("bls.key.next")).expect("copied");
    }

    /// Who signs any of an epoch's certificates, until everybody has; the epoch begins at `first`.
    pub async fn signers(&self, first: u64, members: usize) -> Vec<usize> {
        let mut signers = BTreeSet::new();
        for height in first..first + EPOCH {
            if signers.len() == members {
                break;
            }
            self.reaches(0, height).await;
            let certified = self.rpc(0).certificate(height).await.expect("decided");
            if certified.height >= first + EPOCH {
                break;
            }
            let certificate =
                CertificateRef::decode(&certified.certificate.0, members).expect("a certificate");
            signers.extend((0..members).filter(|index| certificate.has(*index)));
        }
        signers.into_iter().collect()
    }

    async fn rollup(&self) -> RollupAccount {
        self.client.rollup_state().await.expect("answers")
    }

    async fn until(&self, what: &str, holds: impl Fn(&RollupAccount) -> bool) {
        let reached = async {
            while !holds(&self.rollup().await) {
                tokio::time::sleep(LOOK).await;
            }
        };
        within(PATIENCE, what, reached).await;
    }

    /// Waits until the committee of an epoch certifies on Solana, and has done so.
    pub async fn settles_epoch(&self, epoch: u64) {
        let what = format!("epoch {epoch} on Solana");
        self.until(&what, |rollup| {
            rollup.state.epoch >= epoch && rollup.state.last.height > epoch * EPOCH
        })
        .await;
    }

    pub async fn settles(&self, height: u64) {
        self.until("the end on Solana", |rollup| rollup.state.last.height >= height)
            .await;
    }

    /// The accumulator on Solana is over every root up to its height, each once and in order: it is that of the blocks.
    pub async fn every_root_is_on_solana_once(&self) {
        let rollup = self.rollup().await;
        let last = &rollup.state.last;
        self.reaches(0, last.height).await;
        let header = self.header(last.height).await;
        assert_eq!(
            (last.roots_acc, last.state_root),
            (header.roots_acc, header.state_root)
        );
        assert_eq!((rollup.state.frozen, rollup.state.paused), (0, 0));
        for running in self.running.iter().flatten() {
            let status = running.client.status().await.expect("answers");
            assert_eq!(status.halted, None);
        }
    }

    /// Leaders take turns across a boundary as they do elsewhere; the times are told.
    pub async fn boundaries_did_not_stop_it(&self, boundaries: u64) {
        assert!(boundaries >= 3, "{boundaries}");
        for epoch in 1..=boundaries {
            let (last, first) = (
                self.header(epoch * EPOCH).await,
                self.header(epoch * EPOCH + 1).await,
            );
            let before = self.header(epoch * EPOCH - 1).await;
            println!(
                "boundary {epoch}: {} ms to its first block, {} ms to the block before; views {} to {}",
                first.timestamp_ms - last.timestamp_ms,
                last.timestamp_ms - before.timestamp_ms,
                last.view,
                first.view,
            );
            assert_eq!((last.epoch, first.epoch), (epoch - 1, epoch));
            assert_ne!(last.next_committee, [0; 32]);
            assert!(
                first.view - last.view <= NODES as u64,
                "no more than a turn of each"
            );
        }
    }

    /// A node with its old consensus key alone, and nothing of what it knew, gets no session and so no block.
    pub async fn old_key_is_refused(&mut self, index: usize) {
        let running = self.running[index].take().expect("it runs");
        running.stop().await;
        let thief = tempfile::tempdir().expect("a directory");
        self.keys[index]
            .write(&KeyFiles::in_dir(thief.path()))
            .expect("fresh");
        let impostor = Self::start_node(&self.config(thief.path(), index)).await;
        let now = self.height(0).await;
        self.reaches(0, now + 30).await;
        let status = impostor.client.status().await.expect("answers");
        assert_eq!((status.height, status.peers), (0, 0), "nobody talks to it");
        impostor.stop().await;
        self.run(index).await;
        self.reaches(index, now + 30).await;
    }
}

fn p2p(port: u16) -> String {
    format!("/ip4/127.0.0.1/tcp/{port}")
}

fn peer_id(keys: &Keys) -> String {
    keys.public(None).peer_id
}

async fn solana_with_program(deployer: &Keypair, keys: &[Keys]) -> (Localnet, RollupClient) {
    let owners = keys.iter().map(|keys| solana(&keys.solana).pubkey());
    let funded = owners.chain([deployer.pubkey()]);
    let airdrops = funded.map(|to| Airdrop {
        to,
        lamports: LAMPORTS,
    });
    let config = LocalnetConfig {
        slot_time: SLOT,
        airdrops: airdrops.collect(),
        ..LocalnetConfig::default()
    };
    let chain = Localnet::start(config).await.expect("starts");
    let release = registry::embedded().expect("a release");
    let program = registry::local_program_keypair().expect("its address");
    let program = Keypair::try_from(&program[..]).expect("a key pair");
    let client = RollupClient::new(chain.rpc_url(), program.pubkey(), CommitmentConfig::confirmed());
    let deployment = deploy::Deployment {
        payer: deployer,
        program: &program,
        authority: deployer,
        elf: &release.program,
        max_len: release.program.len(),
    };
    deploy::deploy_program(client.rpc(), &deployment)
        .await
        .expect("deployed");
    (chain, client)
}

/// Writes the genesis file.
fn found(
    dir: &Path,
    client: &RollupClient,
    authority: &SigningKey,
    keys: &[Keys],
    ports: &[u16],
) -> Deployment {
    let member = |(keys, port): (&Keys, &u16)| MemberEntry {
        node: keys.solana.address(),
        bls: HexBytes(keys.bls.public().to_bytes().to_vec()),
        stake: STAKE,
        peer_id: peer_id(keys),
        address: p2p(*port),
        possession: None,
    };
    let owners = keys.iter().map(|keys| keys.solana.address());
    let accounts = owners.chain([authority.address()]).map(|address| AccountEntry {
        address,
        balance: Amount::from_base_units(1_000_000_000),
    });
    let mut genesis = GenesisFile {
        program_id: Address::new(client.program().to_bytes()),
        mint_authority: authority.address(),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::from_base_units(5),
        gas_price: Amount::from_base_units(1_000),
        block_gas: 100_000_000,
        timestamp_ms: 1,
        accounts: accounts.collect(),
        committee: keys.iter().zip(ports).take(FOUNDERS).map(member).collect(),
        epoch_length: EPOCH,
        roster_authority: Some(authority.address().into()),
    };
    let chain_id = genesis.chain_id().expect("valid");
    for (entry, keys) in genesis.committee.iter_mut().zip(keys) {
        let proof = keys.bls.prove_possession(&chain_id, &keys.node()).to_bytes();
        entry.possession = Some(HexBytes(proof.to_vec()));
    }
    std::fs::write(dir.join("genesis.json"), genesis.to_text()).expect("written");
    genesis.deploy().expect("valid")
}

/// Initializes the rollup, and activates the founders' committee.
async fn register(client: &RollupClient, deployer: &Keypair, deployment: &Deployment, keys: &[Keys]) {
    let (owner, chain_id) = (deployer.pubkey().to_bytes(), deployment.chain_id);
    let mut posters = [[0; 32]; MAX_POSTERS];
    for (poster, keys) in posters.iter_mut().zip(keys) {
        *poster = keys.node().0;
    }
    let initialize = Initialize {
        chain_id,
        genesis_root: deployment.state.root(),
        governance: owner,
        guardian: owner,
        delay: 60,
        posters,
    };
    client
        .initialize(deployer, &initialize)
        .await
        .expect("initialized");
    let release = registry::embedded().expect("a release");
    let idl_hash = rollup_abi::sha256(&[&release.idl]);
    let recorded = client.record_release(deployer, &release.program, idl_hash).await;
    recorded.expect("recorded: posters post to no other");
    let registration = |keys: &Keys| {
        let (pk1, pk2, NodeId(owner)) = (*keys.bls.public().pk1(), *keys.bls.public().pk2(), keys.node());
        RegisterMember {
            epoch: 0,
            owner,
            stake: STAKE,
            signature: keys.bls.prove_possession(&chain_id, &keys.node()).to_bytes(),
            ctr: hash_to_curve(&possession_digest(&chain_id, &owner, &pk1, &pk2)).ctr(),
            pk1,
            pk2,
        }
    };
    let members: Vec<_> = keys.iter().take(FOUNDERS).map(registration).collect();
    client
        .register_members(deployer, &members)
        .await
        .expect("registered");
    client.activate_committee(deployer, 0).await.expect("activated");
}
