//! A local chain with the program on it, a committee of five, and blocks that it really certified.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use batch_poster::{
    BatchPoster, BlockSource, Certificate, Poster, PosterConfig, PosterControl, PosterStatus, Settleable,
    SourceError,
};
use hotshot_types::bls::hash_to_curve;
use hotshot_types::{Certificate2, Committee, Epoch, KeyPair, Member, NodeId, Phase2, Stake, VoteData};
use localnet::{Airdrop, Localnet, LocalnetConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rollup_abi::instruction::{Initialize, MAX_POSTERS, RegisterMember};
use rollup_abi::{Digest, Header, mmr::Mmr, roots, vote};
use settlement::deploy::{Deployment, deploy_program};
use settlement::{CommitmentConfig, Keypair, KnownProgram, RollupClient, RpcClient, Signer};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const CHAIN_ID: Digest = [7; 32];
pub const GENESIS_ROOT: Digest = [1; 32];
const MEMBERS: usize = 5;
const SOL: u64 = 1_000_000_000;
/// Far above what any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// A deployed, initialized and active rollup.
pub struct Rollup {
    pub chain: Localnet,
    pub client: RollupClient,
    pub governance: Keypair,
    pub posters: Vec<Arc<Keypair>>,
    keys: Vec<KeyPair>,
    committee: Committee,
}

impl Rollup {
    pub async fn start(posters: usize) -> Self {
        Self::start_with(posters, LocalnetConfig::default().slot_time).await
    }

    pub async fn start_with(posters: usize, slot_time: Duration) -> Self {
        let rollup = Self::start_unrecorded(posters, slot_time).await;
        rollup.record().await;
        rollup
    }

    /// Without a record of the program's release.
    pub async fn start_unrecorded(posters: usize, slot_time: Duration) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_test_writer()
            .try_init();
        let governance = Keypair::new();
        let posters: Vec<_> = (0..posters).map(|_| Arc::new(Keypair::new())).collect();
        let funded = posters
            .iter()
            .map(|key| key.pubkey())
            .chain([governance.pubkey()]);
        let airdrops = funded.map(|to| Airdrop {
            to,
            lamports: 100 * SOL,
        });
        let chain = Localnet::start(LocalnetConfig {
            airdrops: airdrops.collect(),
            slot_time,
            ..LocalnetConfig::default()
        })
        .await
        .unwrap();

        let release = registry::embedded().unwrap();
        let program = Keypair::try_from(&registry::local_program_keypair().unwrap()[..]).unwrap();
        let rpc = Arc::new(RpcClient::new_with_commitment(
            chain.rpc_url().to_owned(),
            CommitmentConfig::confirmed(),
        ));
        let deployment = Deployment {
            payer: &governance,
            program: &program,
            authority: &governance,
            elf: &release.program,
            max_len: release.program.len() * 2,
        };
        deploy_program(&rpc, &deployment).await.unwrap();

        let client = RollupClient::with_rpc(rpc, program.pubkey(), CommitmentConfig::confirmed());
        let (keys, committee, members) = committee();
        let mut allowed = [[0; 32]; MAX_POSTERS];
        for (place, poster) in allowed.iter_mut().zip(&posters) {
            *place = poster.pubkey().to_bytes();
        }
        let initialize = Initialize {
            chain_id: CHAIN_ID,
            genesis_root: GENESIS_ROOT,
            governance: governance.pubkey().to_bytes(),
            guardian: governance.pubkey().to_bytes(),
            delay: 60,
            posters: allowed,
        };
        client.initialize(&governance, &initialize).await.unwrap();
        client.register_members(&governance, &members).await.unwrap();
        client.activate_committee(&governance, 0).await.unwrap();
        Self {
            chain,
            client,
            governance,
            posters,
            keys,
            committee,
        }
    }

    /// Records the program that runs.
    pub async fn record(&self) {
        let release = registry::embedded().unwrap();
        let idl_hash = rollup_abi::sha256(&[&release.idl]);
        self.client
            .record_release(&self.governance, &release.program, idl_hash)
            .await
            .unwrap();
    }

    /// `count` blocks from genesis, certified by a quorum; `salt` makes another history.
    pub fn blocks(&self, count: u64, salt: u8) -> Vec<Settleable> {
        let mut acc = roots::genesis(&GENESIS_ROOT);
        let mut parent = [0; 32];
        let mut history = Mmr::default();
        history.append(&parent);
        (1..=count)
            .map(|height| {
                let state_root = rollup_abi::sha256(&[&[salt], &height.to_le_bytes()]);
                acc = roots::extend(&acc, &state_root);
                let header = Header {
                    chain_id: CHAIN_ID,
                    // Some views fail, so views run ahead of heights.
                    view: height + height / 10,
                    height,
                    timestamp_ms: 1_000 + height * 250,
                    parent,
                    payload_commitment: vote::payload_commitment(&height.to_le_bytes()),
                    state_root,
                    roots_acc: acc,
                    history_root: history.root(),
                    ..Header::default()
                };
                parent = header.commitment();
                history.append(&parent);
                // Every seventh is decided through its descendant only.
                let certificate = (height % 7 != 0 || height == count).then(|| self.certify(&header));
                Settleable {
                    header,
                    certificate,
                    state_root,
                }
            })
            .collect()
    }

    /// Four of five sign; who is absent changes.
    fn certify(&self, header: &Header) -> Certificate {
        let data = VoteData::of(header, header.commitment());
        let digest = data.digest::<Phase2>(&CHAIN_ID);
        let absent = usize::try_from(header.height).unwrap() % MEMBERS;
        let votes = (0..MEMBERS)
            .filter(|index| *index != absent)
            .map(|index| (index, self.keys[index].sign(&digest)));
        let certificate = Certificate2::assemble(&self.committee, data, votes).unwrap();
        Certificate {
            view: header.view,
            wire: certificate.to_wire(),
        }
    }

    /// Starts a poster on `blocks`.
    pub fn poster(&self, index: usize, blocks: &Blocks, rank: u32) -> Running {
        let config = PosterConfig {
            rank,
            ..PosterConfig::default()
        };
        self.poster_at(&[self.chain.rpc_url().to_owned()], index, blocks, config)
    }

    /// Starts a poster that sees the chain through these endpoints.
    pub fn poster_at(&self, urls: &[String], index: usize, blocks: &Blocks, config: PosterConfig) -> Running {
        self.poster_of(known(), urls, index, blocks, config)
    }

    /// The same, of a binary that knows this program.
    pub fn poster_of(
        &self,
        program: KnownProgram,
        urls: &[String],
        index: usize,
        blocks: &Blocks,
        config: PosterConfig,
    ) -> Running {
        let (poster, status) = BatchPoster::new(
            Poster {
                client: RollupClient::with_endpoints(
                    urls,
                    self.client.program(),
                    CommitmentConfig::confirmed(),
                ),
                key: self.posters[index].clone(),
                source: Arc::new(blocks.clone()),
                tip: blocks.tip.subscribe(),
                program,
            },
            config,
        );
        let control = poster.control();
        let shutdown = CancellationToken::new();
        Running {
            task: tokio::spawn(poster.run(shutdown.clone())),
            shutdown,
            control,
            status,
        }
    }

    /// Waits until `height` is accepted on chain.
    pub async fn until_height(&self, height: u64) {
        let reached = async {
            while self.client.rollup_state().await.unwrap().state.last.height < height {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .unwrap_or_else(|_| panic!("height {height} was not reached in {PATIENCE:?}"));
    }
}

/// A poster's task.
pub struct Running {
    pub task: JoinHandle<()>,
    pub shutdown: CancellationToken,
    pub control: PosterControl,
    pub status: watch::Receiver<PosterStatus>,
}

impl Running {
    /// Waits for the poster to say something of itself.
    pub async fn until(&mut self, what: &str, condition: impl FnMut(&PosterStatus) -> bool) -> PosterStatus {
        match tokio::time::timeout(PATIENCE, self.status.wait_for(condition)).await {
            Ok(status) => status.expect("the poster runs").clone(),
            Err(_) => panic!("{what}: not within {PATIENCE:?}"),
        }
    }

    /// Kills it at whatever it is doing.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Blocks that become known bit by bit.
#[derive(Clone)]
pub struct Blocks {
    held: Arc<Mutex<Vec<Settleable>>>,
    tip: Arc<watch::Sender<u64>>,
}

impl Blocks {
    pub fn new() -> Self {
        Self {
            held: Arc::default(),
            tip: Arc::new(watch::Sender::new(0)),
        }
    }

    pub fn push(&self, blocks: &[Settleable]) {
        let mut held = self.held.lock().unwrap();
        held.extend_from_slice(blocks);
        self.tip.send_replace(held.len() as u64);
    }

    pub fn tip(&self) -> u64 {
        *self.tip.borrow()
    }
}

impl BlockSource for Blocks {
    fn blocks(&self, heights: RangeInclusive<u64>) -> Result<Vec<Settleable>, SourceError> {
        let held = self.held.lock().unwrap();
        Ok(held
            .iter()
            .filter(|block| heights.contains(&block.header.height))
            .cloned()
            .collect())
    }
}

/// The program that the registry has.
pub fn known() -> KnownProgram {
    let release = registry::embedded().unwrap();
    let version = rollup_abi::release::parse(&release.manifest.version.to_string());
    KnownProgram::new(version, &release.program)
}

fn committee() -> (Vec<KeyPair>, Committee, Vec<RegisterMember>) {
    let mut rng = StdRng::seed_from_u64(1);
    let keys: Vec<KeyPair> = (0..MEMBERS).map(|_| KeyPair::generate(&mut rng)).collect();
    let stake = 10;
    let members = keys.iter().zip(1u8..).map(|(key, index)| {
        let owner = NodeId([index; 32]);
        let (pk1, pk2) = (*key.public().pk1(), *key.public().pk2());
        let digest = vote::possession_digest(&CHAIN_ID, &owner.0, &pk1, &pk2);
        let register = RegisterMember {
            epoch: 0,
            owner: owner.0,
            stake,
            pk1,
            pk2,
            signature: key.prove_possession(&CHAIN_ID, &owner).to_bytes(),
            ctr: hash_to_curve(&digest).ctr(),
        };
        let member = Member {
            node: owner,
            key: key.public().clone(),
            stake: Stake::new(stake),
        };
        (register, member)
    });
    let (register, members): (Vec<_>, Vec<_>) = members.unzip();
    let committee = Committee::new(CHAIN_ID, Epoch::ZERO, members).unwrap();
    (keys, committee, register)
}
