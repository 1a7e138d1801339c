//! Reaching a testnet that runs: from this process or from another one.
//!
//! A testnet writes `network.json` into its directory once it is ready. Together with the genesis file and the keys beside
//! it that is all that a command needs to use, watch or disturb it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use assetvm::SigningKey;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use sequencer::genesis::{Deployment, GenesisFile};
use serde::{Deserialize, Serialize};
use settlement::{CommitmentConfig, Pubkey, RollupClient, rollup_address};

use crate::error::TestnetError;
use crate::node::{Node, Nodes};
use crate::posts::Posts;

/// The file's name.
const FILE: &str = "network.json";

/// Where the parts of a running testnet are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The process that supervises it.
    pub pid: u32,
    /// JSON-RPC of the local Solana chain.
    pub solana_rpc: String,
    /// The rollup's program on it, base58.
    pub program: String,
    /// The validators, by index.
    pub validators: Vec<ValidatorPlace>,
}

/// Where a validator is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorPlace {
    /// JSON-RPC.
    pub rpc: SocketAddr,
    /// Metrics and health.
    pub health: SocketAddr,
    /// Keys, data and log.
    pub dir: PathBuf,
}

impl Place {
    /// Writes it into a testnet's directory.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub fn write(&self, dir: &Path) -> Result<(), TestnetError> {
        let path = dir.join(FILE);
        let text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        std::fs::write(&path, text + "\n").map_err(TestnetError::io(&path))
    }

    fn read(dir: &Path) -> Result<Self, TestnetError> {
        let path = dir.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(TestnetError::io(&path))?;
        serde_json::from_str(&text).map_err(|error| TestnetError::Place {
            path,
            reason: error.to_string(),
        })
    }

    /// Whether the process that supervises it is there.
    fn is_alive(&self) -> bool {
        i32::try_from(self.pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None).is_ok())
    }
}

/// A running testnet, as its users reach it.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Its directory.
    pub dir: PathBuf,
    /// Where its parts are.
    pub place: Place,
    /// Its genesis and committee.
    pub deployment: Deployment,
    /// Its validators.
    pub nodes: Nodes,
}

impl Attached {
    /// The testnet of this directory.
    ///
    /// # Errors
    /// There is none, or it does not run any more.
    pub fn to(dir: &Path) -> Result<Self, TestnetError> {
        let place = Place::read(dir)?;
        if !place.is_alive() {
            return Err(TestnetError::Gone {
                dir: dir.to_owned(),
                pid: place.pid,
            });
        }
        let path = dir.join("genesis.json");
        let genesis = std::fs::read_to_string(&path).map_err(TestnetError::io(&path))?;
        let nodes = place.validators.iter().enumerate();
        let nodes = nodes.map(|(index, at)| Node::new(index, at.rpc, at.health));
        Ok(Self {
            dir: dir.to_owned(),
            deployment: GenesisFile::parse(&genesis)?.deploy()?,
            nodes: Nodes::new(nodes.collect::<Result<_, _>>()?),
            place,
        })
    }

    /// The newest testnet under `parent` that runs.
    ///
    /// # Errors
    /// None does.
    pub fn newest(parent: &Path) -> Result<Self, TestnetError> {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        dirs.sort_unstable();
        let running = dirs.iter().rev().find_map(|dir| Self::to(dir).ok());
        running.ok_or_else(|| TestnetError::NoneRuns {
            parent: parent.to_owned(),
        })
    }

    /// The key that may mint.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn mint_authority(&self) -> Result<SigningKey, TestnetError> {
        let path = self.dir.join("keys/mint-authority.json");
        let text = std::fs::read_to_string(&path).map_err(TestnetError::io(&path))?;
        SigningKey::from_keypair_json(&text).map_err(|error| TestnetError::Place {
            path,
            reason: error.to_string(),
        })
    }

    /// The program on Solana.
    ///
    /// # Errors
    /// Its address is none.
    pub fn rollup(&self) -> Result<RollupClient, TestnetError> {
        let program = self.program()?;
        let commitment = CommitmentConfig::confirmed();
        Ok(RollupClient::new(&self.place.solana_rpc, program, commitment))
    }

    /// A reader of the posts that Solana has.
    ///
    /// # Errors
    /// The client cannot be set up.
    pub fn posts(&self) -> Result<Posts, TestnetError> {
        let account = rollup_address(&self.program()?).to_string();
        Posts::new(&self.place.solana_rpc, account).map_err(TestnetError::SolanaClient)
    }

    fn program(&self) -> Result<Pubkey, TestnetError> {
        let parsed = self.place.program.parse::<Pubkey>();
        parsed.map_err(|error| TestnetError::Place {
            path: self.dir.join(FILE),
            reason: format!("program: {error}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_gone_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place {
            pid: std::process::id(),
            solana_rpc: "http://127.0.0.1:8899".into(),
            program: "11111111111111111111111111111111".into(),
            validators: Vec::new(),
        };
        place.write(dir.path()).unwrap();
        assert_eq!(Place::read(dir.path()).unwrap(), place);
        assert!(place.is_alive());
        // Above what Linux gives to any process.
        let gone = Place {
            pid: 1 << 30,
            ..place
        };
        gone.write(dir.path()).unwrap();
        let error = Attached::to(dir.path()).unwrap_err();
        assert!(matches!(error, TestnetError::Gone { .. }), "{error}");
        let error = Attached::newest(dir.path()).unwrap_err();
        assert!(matches!(error, TestnetError::NoneRuns { .. }), "{error}");
    }
}
