//! A running testnet: the local Solana chain with the program on it, and the validators' processes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use assetvm::{Amount, GasRules, SigningKey};
use fault_proxy::FaultProxy;
use localnet::Localnet;
use sequencer::genesis::Deployment;
use settlement::{RollupClient, rollup_address};

use crate::attach::{Attached, Place, ValidatorPlace};
use crate::error::TestnetError;
use crate::links::Links;
use crate::live::Progress;
use crate::node::{Node, Nodes};
use crate::ports::Reservation;
use crate::posts::Posts;
use crate::process::{Ended, Process, Spec};
use crate::setup::{self, Endpoints, Member};

/// First argument with which the testnet's binary is a validator: `testnet __validator run --config FILE`.
pub const VALIDATOR_ARG: &str = "__validator";
/// How long the validators may take, on a busy machine, to find each other and decide a block.
const READY_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a validator may take to end in order.
const STOP_GRACE: Duration = Duration::from_secs(15);
/// How often readiness is asked for.
const POLL: Duration = Duration::from_millis(50);
/// Seed of the faults of a disturbable testnet's Solana.
const SOLANA_SEED: u64 = 1;
/// Lines of a validator's log that an error shows.
const LOG_LINES: usize = 10;

/// What to start.
#[derive(Clone, Debug)]
pub struct TestnetConfig {
    /// Directory for everything; must exist and be empty.
    pub dir: PathBuf,
    /// The testnet's own binary, which is also the validators'.
    pub exe: PathBuf,
    /// Validators in the committee.
    pub validators: usize,
    /// Time from block to block.
    pub block_interval: Duration,
    /// Most $ASSET that may exist at one time.
    pub supply_cap: Amount,
    /// Least fee of a transaction.
    pub minimum_fee: Amount,
    /// What gas costs, and how much of it a block has.
    pub gas: GasRules,
    /// Whether the network between the validators, and Solana, can be disturbed.
    pub disturbable: bool,
}

impl TestnetConfig {
    /// Five validators and a block every 250 ms.
    pub fn new(dir: PathBuf, exe: PathBuf) -> Self {
        Self {
            dir,
            exe,
            validators: 5,
            block_interval: Duration::from_millis(250),
            supply_cap: crate::plan::SUPPLY_CAP
                .checked_add(crate::programs::BUDGET)
                .and_then(|cap| cap.checked_add(crate::explorer::STOCK))
                .expect("some billions of $ASSET"),
            minimum_fee: crate::plan::FEE,
            gas: GasRules::default(),
            disturbable: false,
        }
    }
}

/// A validator's process.
#[derive(Debug)]
struct Validator {
    spec: Spec,
    process: Process,
    /// Whether it has been ended on purpose.
    ended: bool,
}

/// What stands between the parts, to disturb them.
struct Between {
    links: Links,
    solana: FaultProxy,
}

/// A running testnet. Dropping it kills the validators and ends the chain; [`Testnet::stop`] does it in order.
pub struct Testnet {
    dir: PathBuf,
    between: Option<Between>,
    chain: Localnet,
    client: RollupClient,
    deployment: Deployment,
    authority: SigningKey,
    validators: Vec<Validator>,
    nodes: Nodes,
}

impl Testnet {
    /// Starts everything, and returns once every validator is ready.
    ///
    /// # Errors
    /// Some part does not come up. What had been started is ended.
    pub async fn start(config: TestnetConfig, progress: &mut Progress) -> Result<Self, TestnetError> {
        let reservation = Reservation::take(2 + 3 * config.validators)?;
        let ports: Vec<u16> = reservation.ports().collect();
        drop(reservation);
        let members = setup::make_members(&config, &ports[2..])?;
        progress.step(format_args!(
            "starting a local Solana chain on 127.0.0.1:{} (websocket {})",
            ports[0], ports[1]
        ));
        let deployer = settlement::Keypair::new();
        let chain = setup::start_chain(&deployer, &members, ports[0], ports[1]).await?;
        let client = setup::deploy_program(&chain, &deployer, progress).await?;
        let authority = setup::mint_authority(&config)?;
        let deployment = setup::write_genesis(&config, &client, &authority, &members)?;
        progress.step(format_args!(
            "registering and activating a committee of {}",
            members.len()
        ));
        setup::register(&client, &deployer, &deployment, &members).await?;
        progress.step(format_args!("starting {} validators", members.len()));
        let nodes = members
            .iter()
            .map(|member| Node::new(member.index, member.rpc, member.health));
        let nodes = Nodes::new(nodes.collect::<Result<_, _>>()?);
        let mut validators = Vec::with_capacity(members.len());
        let between = match config.disturbable {
            true => Some(Between::start(&chain, &members).await?),
            false => None,
        };
        for member in &members {
            let file = match &between {
                Some(between) => between.write_config(&config, &chain, &client, member)?,
                None => setup::write_config(&config, &endpoints(&chain), &client, member)?,
            };
            validators.push(Validator::start(&config, member, file)?);
        }
        let place = place(&chain, &client, &members);
        let testnet = Self {
            dir: config.dir.clone(),
            between,
            chain,
            client,
            deployment,
            authority,
            validators,
            nodes,
        };
        let all: Vec<usize> = (0..testnet.validators.len()).collect();
        testnet.until_ready(&all).await?;
        place.write(&testnet.dir)?;
        Ok(testnet)
    }

    /// This testnet as its users reach it.
    ///
    /// # Errors
    /// Its directory has been tampered with.
    pub fn attached(&self) -> Result<Attached, TestnetError> {
        Attached::to(&self.dir)
    }

    /// The validators, to be asked in turn.
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// A validator's JSON-RPC.
    pub fn client(&self, index: usize) -> &Node {
        self.nodes.get(index)
    }

    /// The program on Solana.
    pub fn rollup(&self) -> &RollupClient {
        &self.client
    }

    /// A reader of the posts that Solana has.
    ///
    /// # Errors
    /// The client cannot be set up.
    pub fn posts(&self) -> Result<Posts, TestnetError> {
        let account = rollup_address(&self.client.program()).to_string();
        Posts::new(self.chain.rpc_url(), account).map_err(TestnetError::SolanaClient)
    }

    /// The chain's genesis and committee.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The key that may mint.
    pub fn mint_authority(&self) -> &SigningKey {
        &self.authority
    }

    /// Validators that run, and in all.
    pub fn running(&self) -> (usize, usize) {
        let running = self
            .validators
            .iter()
            .filter(|v| v.process.status().is_none())
            .count();
        (running, self.validators.len())
    }

    /// SIGKILL to a validator; returns once it is gone.
    pub async fn kill(&mut self, index: usize) {
        let validator = &mut self.validators[index];
        validator.ended = true;
        validator.process.kill().await;
    }

    /// SIGSTOP to a validator.
    pub async fn pause(&self, index: usize) {
        self.validators[index].process.pause().await;
    }

    /// SIGCONT to a validator.
    pub async fn resume(&self, index: usize) {
        self.validators[index].process.resume().await;
    }

    /// The network between the validators. Only of a testnet that can be disturbed.
    pub fn links(&self) -> &Links {
        &self.between().links
    }

    /// What the validators know as Solana. Only of a testnet that can be disturbed.
    pub fn solana(&self) -> &FaultProxy {
        &self.between().solana
    }

    fn between(&self) -> &Between {
        self.between
            .as_ref()
            .expect("a testnet that was started as disturbable")
    }

    /// Starts a validator again that has ended. Does not wait until it is ready: [`Testnet::until_ready`] does.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn restart(&mut self, index: usize) -> Result<(), TestnetError> {
        let validator = &mut self.validators[index];
        assert!(validator.process.status().is_some(), "validator {index} runs");
        let process = Process::spawn(&validator.spec);
        validator.process = process.map_err(TestnetError::io(&validator.spec.exe))?;
        validator.ended = false;
        Ok(())
    }

    /// Waits until these validators say that they are ready.
    ///
    /// # Errors
    /// One has ended, or is not ready in time.
    pub async fn until_ready(&self, indices: &[usize]) -> Result<(), TestnetError> {
        let deadline = Instant::now() + READY_TIMEOUT;
        for &index in indices {
            while !self.nodes.get(index).is_ready().await {
                self.check()?;
                if Instant::now() >= deadline {
                    return Err(TestnetError::NotReady {
                        index,
                        after: READY_TIMEOUT,
                        log: self.log_of(index),
                    });
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// Refuses if a validator has ended that should run.
    ///
    /// # Errors
    /// It has; with the last lines of its log.
    pub fn check(&self) -> Result<(), TestnetError> {
        for (index, validator) in self.validators.iter().enumerate() {
            if let Some(status) = validator.process.status().filter(|_| !validator.ended) {
                return Err(TestnetError::Exited {
                    index,
                    status,
                    log: self.log_of(index),
                });
            }
        }
        Ok(())
    }

    fn log_of(&self, index: usize) -> crate::error::LogTail {
        let process = &self.validators[index].process;
        crate::error::LogTail {
            path: process.log().to_owned(),
            lines: process.last_lines(LOG_LINES),
        }
    }

    /// Ends the validators in order, all at once, then the chain. Returns what did not end as it should.
    pub async fn stop(self) -> Vec<String> {
        let running: Vec<_> = self
            .validators
            .iter()
            .enumerate()
            .filter(|(_, v)| v.process.status().is_none())
            .collect();
        let endings =
            futures::future::join_all(running.iter().map(|(_, v)| v.process.stop(STOP_GRACE))).await;
        let mut troubles: Vec<String> = running
            .iter()
            .zip(endings)
            .filter_map(|((index, _), ended)| trouble(ended).map(|what| format!("validator {index} {what}")))
            .collect();
        if let Err(error) = self.chain.stop().await {
            troubles.push(error.to_string());
        }
        troubles
    }
}

/// Solana as the chain itself serves it.
fn endpoints(chain: &Localnet) -> Endpoints {
    Endpoints {
        rpc: chain.rpc_url().to_owned(),
        ws: chain.ws_url().to_owned(),
    }
}

impl Between {
    async fn start(chain: &Localnet, members: &[Member]) -> Result<Self, TestnetError> {
        let ports: Vec<u16> = members.iter().map(|member| member.p2p).collect();
        let links = Links::start(&ports)
            .await
            .map_err(TestnetError::io(Path::new("links")))?;
        let solana = FaultProxy::start(chain.rpc_url(), SOLANA_SEED).await?;
        Ok(Self { links, solana })
    }

    /// A configuration in which Solana and the other validators are reached through what stands between.
    fn write_config(
        &self,
        config: &TestnetConfig,
        chain: &Localnet,
        client: &RollupClient,
        member: &Member,
    ) -> Result<PathBuf, TestnetError> {
        setup::write_linked_genesis(config, member, &self.links)?;
        let endpoints = Endpoints {
            rpc: self.solana.url(),
            ws: chain.ws_url().to_owned(),
        };
        setup::write_config(config, &endpoints, client, member)
    }
}

/// Where everything is, for whoever attaches.
fn place(chain: &Localnet, client: &RollupClient, members: &[Member]) -> Place {
    let validators = members.iter().map(|member| ValidatorPlace {
        rpc: member.rpc,
        health: member.health,
        dir: member.dir.clone(),
    });
    Place {
        pid: std::process::id(),
        solana_rpc: chain.rpc_url().to_owned(),
        program: client.program().to_string(),
        validators: validators.collect(),
    }
}

fn trouble(ended: Ended) -> Option<String> {
    match ended {
        Ended::Gracefully(status) if ExitStatus::success(&status) => None,
        Ended::Gracefully(status) => Some(format!("ended with {status}")),
        Ended::Killed => Some(format!("did not end within {STOP_GRACE:?} and was killed")),
    }
}

impl Validator {
    fn start(config: &TestnetConfig, member: &Member, file: PathBuf) -> Result<Self, TestnetError> {
        let args = [VALIDATOR_ARG, "run", "--config"].map(OsString::from);
        let spec = Spec {
            exe: config.exe.clone(),
            args: args.into_iter().chain([file.into_os_string()]).collect(),
            log: member.dir.join("validator.log"),
        };
        let process = Process::spawn(&spec).map_err(TestnetError::io(&spec.exe))?;
        tracing::info!(validator = member.index, pid = process.pid(), rpc = %member.rpc, "validator started");
        Ok(Self {
            spec,
            process,
            ended: false,
        })
    }
}
