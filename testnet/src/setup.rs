//! What is made before the first block: keys, the chain, the program, genesis, committee, configurations.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use assetvm::{Address, SigningKey};
use hotshot_types::bls::hash_to_curve;
use localnet::{Airdrop, Localnet, LocalnetConfig};
use rollup_abi::instruction::{Initialize, MAX_POSTERS, RegisterMember};
use rollup_abi::vote::possession_digest;
use sequencer::config::{KeyFiles, LogFormat, Settings, file_text};
use sequencer::genesis::{AccountEntry, Deployment, GenesisFile, MemberEntry};
use sequencer::keystore::Keys;
use sequencer::rpc::text::HexBytes;
use settlement::{CommitmentConfig, Keypair, RollupClient, Signer as _, deploy};

use crate::error::TestnetError;
use crate::explorer;
use crate::links::Links;
use crate::live::Progress;
use crate::network::TestnetConfig;

/// Seconds that a replacement of the committee waits for a veto.
const REPLACEMENT_DELAY: u64 = 60;
/// Lamports for whoever pays on the local chain: 500 SOL, far more than a run can spend.
const LAMPORTS: u64 = 500_000_000_000;
/// Every validator's voting weight.
const STAKE: u64 = 1;
/// Name of a genesis file with the addresses of relays, in a validator's directory.
const LINKED_GENESIS: &str = "linked-genesis.json";
/// The committee's epoch.
const EPOCH: u64 = 0;

/// A validator to be: its keys, its place and its addresses.
pub(crate) struct Member {
    pub(crate) index: usize,
    pub(crate) dir: PathBuf,
    pub(crate) keys: Keys,
    pub(crate) p2p: u16,
    pub(crate) rpc: SocketAddr,
    pub(crate) health: SocketAddr,
}

impl Member {
    fn solana(&self) -> Keypair {
        Keypair::try_from(&self.keys.solana.to_keypair_bytes()[..]).expect("a key pair of our own making")
    }

    fn p2p_address(&self) -> String {
        format!("/ip4/127.0.0.1/tcp/{}", self.p2p)
    }
}

/// Makes every validator's directory and keys. Three ports each.
pub(crate) fn make_members(config: &TestnetConfig, ports: &[u16]) -> Result<Vec<Member>, TestnetError> {
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let member = |(index, ports): (usize, &[u16])| {
        let dir = config.dir.join(format!("validator-{index}"));
        std::fs::create_dir(&dir).map_err(TestnetError::io(&dir))?;
        let keys = Keys::generate(&mut rand::rngs::OsRng);
        keys.write(&KeyFiles::in_dir(&dir))?;
        Ok(Member {
            index,
            dir,
            keys,
            p2p: ports[0],
            rpc: loopback(ports[1]),
            health: loopback(ports[2]),
        })
    };
    ports.chunks_exact(3).enumerate().map(member).collect()
}

/// Starts the chain, with lamports for the deployer and every validator.
pub(crate) async fn start_chain(
    deployer: &Keypair,
    members: &[Member],
    rpc_port: u16,
    ws_port: u16,
) -> Result<Localnet, TestnetError> {
    let funded = std::iter::once(deployer.pubkey()).chain(members.iter().map(|m| m.solana().pubkey()));
    let airdrops = funded
        .map(|to| Airdrop {
            to,
            lamports: LAMPORTS,
        })
        .collect();
    let config = LocalnetConfig {
        rpc_port: Some(rpc_port),
        ws_port: Some(ws_port),
        airdrops,
        ..LocalnetConfig::default()
    };
    Ok(Localnet::start(config).await?)
}

/// Deploys the newest release of the registry, to the address that it was built for.
pub(crate) async fn deploy_program(
    chain: &Localnet,
    deployer: &Keypair,
    progress: &mut Progress,
) -> Result<RollupClient, TestnetError> {
    let release = registry::embedded()?;
    let program =
        Keypair::try_from(&registry::local_program_keypair()?[..]).expect("the registry checked its length");
    let client = RollupClient::new(chain.rpc_url(), program.pubkey(), CommitmentConfig::confirmed());
    progress.step(format_args!(
        "deploying {} {} ({} bytes) to {}",
        release.manifest.program,
        release.manifest.version,
        release.program.len(),
        program.pubkey()
    ));
    let deployment = deploy::Deployment {
        payer: deployer,
        program: &program,
        authority: deployer,
        elf: &release.program,
        max_len: release.program.len(),
    };
    let deployed = deploy::deploy_program(client.rpc(), &deployment).await?;
    tracing::info!(
        writes = deployed.writes,
        took_ms = deployed.took.as_millis(),
        "program deployed"
    );
    Ok(client)
}

/// Makes the key that may mint, and writes it down.
pub(crate) fn mint_authority(config: &TestnetConfig) -> Result<SigningKey, TestnetError> {
    make_key(&config.dir, "mint-authority")
}

/// Makes a key and writes it to `keys/<name>.json` as a Solana keypair file.
pub(crate) fn make_key(dir: &Path, name: &str) -> Result<SigningKey, TestnetError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let keys = dir.join("keys");
    std::fs::create_dir_all(&keys).map_err(TestnetError::io(&keys))?;
    let key = SigningKey::from_seed(&rand::random());
    let path = keys.join(format!("{name}.json"));
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path);
    let written = file.and_then(|mut file| writeln!(file, "{:?}", key.to_keypair_bytes()));
    written.map_err(TestnetError::io(&path))?;
    Ok(key)
}

/// Writes the genesis file that all validators share.
pub(crate) fn write_genesis(
    config: &TestnetConfig,
    client: &RollupClient,
    authority: &SigningKey,
    members: &[Member],
) -> Result<Deployment, TestnetError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let committee = members.iter().map(|member| MemberEntry {
        node: member.keys.solana.address(),
        bls: HexBytes(member.keys.bls.public().to_bytes().to_vec()),
        stake: STAKE,
        peer_id: member.keys.public(None).peer_id,
        address: member.p2p_address(),
        possession: None,
    });
    let (address, balance) = explorer::fund(&config.dir)?;
    let genesis = GenesisFile {
        program_id: Address::new(client.program().to_bytes()),
        mint_authority: authority.address(),
        supply_cap: config.supply_cap,
        minimum_fee: config.minimum_fee,
        gas_price: config.gas.price,
        block_gas: config.gas.block.0,
        timestamp_ms: u64::try_from(now).unwrap_or(u64::MAX),
        accounts: vec![AccountEntry { address, balance }],
        committee: committee.collect(),
        epoch_length: 0,
        roster_authority: None,
    };
    let deployment = genesis.deploy()?;
    let path = config.dir.join("genesis.json");
    std::fs::write(&path, genesis.to_text()).map_err(TestnetError::io(&path))?;
    Ok(deployment)
}

/// Initializes the rollup, registers the committee in the order of genesis, and activates it.
pub(crate) async fn register(
    client: &RollupClient,
    deployer: &Keypair,
    deployment: &Deployment,
    members: &[Member],
) -> Result<(), TestnetError> {
    let chain_id = deployment.chain_id;
    let mut posters = [[0; 32]; MAX_POSTERS];
    for (poster, member) in posters.iter_mut().zip(members) {
        *poster = member.keys.node().0;
    }
    let owner = deployer.pubkey().to_bytes();
    let initialize = Initialize {
        chain_id,
        genesis_root: deployment.state.root(),
        governance: owner,
        guardian: owner,
        delay: REPLACEMENT_DELAY,
        posters,
    };
    client.initialize(deployer, &initialize).await?;
    let release = registry::embedded()?;
    let idl_hash = rollup_abi::sha256(&[&release.idl]);
    client
        .record_release(deployer, &release.program, idl_hash)
        .await?;
    let registrations: Vec<_> = members
        .iter()
        .map(|member| registration(&chain_id, member))
        .collect();
    client.register_members(deployer, &registrations).await?;
    Ok(client.activate_committee(deployer, EPOCH).await?)
}

fn registration(chain_id: &rollup_abi::Digest, member: &Member) -> RegisterMember {
    let (bls, node) = (&member.keys.bls, member.keys.node());
    let (pk1, pk2) = (*bls.public().pk1(), *bls.public().pk2());
    RegisterMember {
        epoch: EPOCH,
        owner: node.0,
        stake: STAKE,
        signature: bls.prove_possession(chain_id, &node).to_bytes(),
        ctr: hash_to_curve(&possession_digest(chain_id, &node.0, &pk1, &pk2)).ctr(),
        pk1,
        pk2,
    }
}

/// Where a validator reaches Solana.
pub(crate) struct Endpoints {
    pub(crate) rpc: String,
    pub(crate) ws: String,
}

/// Writes the genesis file of a validator that reaches the others through relays. The chain's id is the same: it does not
/// cover addresses.
pub(crate) fn write_linked_genesis(
    config: &TestnetConfig,
    member: &Member,
    links: &Links,
) -> Result<(), TestnetError> {
    let shared = config.dir.join("genesis.json");
    let text = std::fs::read_to_string(&shared).map_err(TestnetError::io(&shared))?;
    let mut genesis = GenesisFile::parse(&text)?;
    for (to, entry) in genesis.committee.iter_mut().enumerate() {
        if let Some(relay) = links.address(member.index, to) {
            entry.address = format!("/ip4/{}/tcp/{}", relay.ip(), relay.port());
        }
    }
    let path = member.dir.join(LINKED_GENESIS);
    std::fs::write(&path, genesis.to_text()).map_err(TestnetError::io(&path))
}

/// Writes a validator's configuration file and says where it is.
pub(crate) fn write_config(
    config: &TestnetConfig,
    solana: &Endpoints,
    client: &RollupClient,
    member: &Member,
) -> Result<PathBuf, TestnetError> {
    let keys = KeyFiles::in_dir(Path::new(""));
    let settings = Settings {
        data_dir: Some("data".into()),
        genesis: Some(
            if config.disturbable {
                LINKED_GENESIS
            } else {
                "../genesis.json"
            }
            .into(),
        ),
        bls_key: Some(keys.bls),
        libp2p_key: Some(keys.libp2p),
        solana_key: Some(keys.solana),
        listen_p2p: Some(member.p2p_address()),
        listen_rpc: Some(member.rpc.to_string()),
        listen_metrics: Some(member.health.to_string()),
        block_interval_ms: Some(u64::try_from(config.block_interval.as_millis()).unwrap_or(u64::MAX)),
        solana_rpc_url: Some(solana.rpc.clone()),
        solana_ws_url: Some(solana.ws.clone()),
        program_id: Some(client.program().to_string()),
        posting: Some(member.index < MAX_POSTERS),
        posting_rank: u16::try_from(member.index).ok(),
        log_format: Some(LogFormat::Json),
        ..Settings::default()
    };
    let path = member.dir.join("sequencer.toml");
    std::fs::write(&path, file_text(&settings)).map_err(TestnetError::io(&path))?;
    Ok(path)
}
