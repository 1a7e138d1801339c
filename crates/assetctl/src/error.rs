//! What an operator can put right: each error says what was wrong, and hints at the next step.

use std::io;
use std::path::PathBuf;

use registry::{Name, RegistryError, Version};
use settlement::{Cause, Pubkey, SettlementError};

use crate::rollout::Step;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The standard output cannot be written.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
    /// A configuration file with a mistake.
    #[error("{}: {source}", path.display())]
    Toml {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A file of members or a journal with a mistake.
    #[error("{}: {source}", path.display())]
    Json {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A keypair file that others may read.
    #[error("{} has mode {mode:03o}, expected 600: only its owner may read a key", path.display())]
    KeyMode {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not a keypair.
    #[error("{} is no keypair file, expected an array of 64 numbers", path.display())]
    KeyContent {
        /// Which.
        path: PathBuf,
    },
    /// Not an address.
    #[error("{got:?} is no address, expected 32 bytes in base58")]
    Address {
        /// What came.
        got: String,
    },
    /// A cluster without URL.
    #[error("cluster {cluster} has no URL")]
    ClusterUnknown {
        /// Which.
        cluster: Name,
    },
    /// The key of another program.
    #[error("the program is built for {expected}, the address to deploy to is {got}")]
    ProgramId {
        /// What came.
        got: Pubkey,
        /// What the release declares.
        expected: String,
    },
    /// Something else runs on the cluster.
    #[error("program {program} on chain is not {version}, but {found}")]
    OtherCode {
        /// The program's address.
        program: Pubkey,
        /// What should be there.
        version: Version,
        /// What is.
        found: String,
    },
    /// A release without record.
    #[error("release {version} has no record in the registry")]
    NoRecord {
        /// Which.
        version: Version,
    },
    /// A registry without policy.
    #[error("the registry has no policy for {program}")]
    NoPolicy {
        /// Which program.
        program: &'static str,
    },
    /// A record that names another revision.
    #[error("release {version} was recorded for revision {got}")]
    OtherRevision {
        /// Which.
        version: Version,
        /// The revision that is recorded.
        got: Name,
    },
    /// A key that may not approve.
    #[error("{key} is no approver of the policy")]
    NotApprover {
        /// The key.
        key: String,
    },
    /// An item that the checklist does not have.
    #[error("the checklist has no item {item}")]
    NoItem {
        /// What came.
        item: Name,
    },
    /// A release that is not approved.
    #[error("release {version} is not approved: too few confirmed {}", missing.join(", "))]
    NotApproved {
        /// Which.
        version: Version,
        /// Items that too few have confirmed.
        missing: Vec<String>,
    },
    /// A release that skipped a cluster.
    #[error("release {version} comes to {cluster} only after a healthy rollout to {after}; there it {got}")]
    NotStaged {
        /// Which.
        version: Version,
        /// Where it should go.
        cluster: Name,
        /// Where it must have been.
        after: Name,
        /// What happened there.
        got: &'static str,
    },
    /// A program that cannot read the state on chain.
    #[error("release {version} reads state version {got}, the rollup's account has {expected}")]
    StateVersion {
        /// Which.
        version: Version,
        /// What it reads.
        got: u64,
        /// What is on chain.
        expected: u64,
    },
    /// A journal of something else.
    #[error("{} is the journal of {got}, expected {expected}", path.display())]
    OtherJournal {
        /// Which.
        path: PathBuf,
        /// What it is of.
        got: String,
        /// What is to be done.
        expected: String,
    },
    /// Nothing to roll back to.
    #[error("no release before {version} is known to have worked on {cluster}")]
    NoWayBack {
        /// What runs.
        version: String,
        /// Where.
        cluster: Name,
    },
    /// A step found that the program is not as it should be.
    #[error("{step}: {reason}")]
    Unhealthy {
        /// Which step.
        step: Step,
        /// What it found.
        reason: String,
    },
    /// A member's key, or its proof, is malformed.
    #[error("member {index}: {what} is no hexadecimal of {expected} digits, it has {got}")]
    Member {
        /// Which member.
        index: usize,
        /// Which field.
        what: &'static str,
        /// What came.
        got: usize,
        /// What it should be.
        expected: usize,
    },
    /// The registry refused.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The chain, or the program, refused.
    #[error(transparent)]
    Settlement(#[from] SettlementError),
}

impl Error {
    /// Whether the command could look, and found something wrong.
    pub(crate) fn is_finding(&self) -> bool {
        matches!(
            self,
            Self::Unhealthy { .. }
                | Self::NotApproved { .. }
                | Self::NotStaged { .. }
                | Self::StateVersion { .. }
                | Self::OtherCode { .. }
        )
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "name another file, or see that it is there".into(),
            Self::Write { .. } => "see that the folder is there, writable, and has room".into(),
            Self::Output(_) => "see what stands behind the pipe".into(),
            Self::Toml { .. } => "docs/deploy.md shows a whole assetctl.toml".into(),
            Self::Json { .. } => "restore the file, or move it away to start anew".into(),
            Self::KeyMode { path, .. } => format!("chmod 600 {}", path.display()),
            Self::KeyContent { .. } => "`solana-keygen new` and `sequencer keygen` write such files".into(),
            Self::Address { .. } => "`solana address` prints one".into(),
            Self::ClusterUnknown { cluster } => {
                format!("name it with --url, or under [clusters.{cluster}] in assetctl.toml")
            }
            Self::ProgramId { .. } => "put the address into declare_id! and Anchor.toml, then `cargo xtask \
                                       build-program`; or name the right key with --program-keypair"
                .into(),
            Self::OtherCode { .. } => {
                "`assetctl registry verify` says what runs; `assetctl upgrade` replaces it".into()
            }
            Self::NoRecord { version } => format!("assetctl registry add {version} --revision REVISION"),
            Self::NoPolicy { .. } => "write policy.json beside the releases: docs/deploy.md shows one".into(),
            Self::OtherRevision { .. } => {
                "a record is for one revision: remove record.json if it is wrong".into()
            }
            Self::NotApprover { .. } => "approvers stand in policy.json".into(),
            Self::NoItem { .. } => "`assetctl registry show` lists the items".into(),
            Self::NotApproved { version, .. } => {
                format!("each approver: assetctl registry sign {version} --approver KEYPAIR --all")
            }
            Self::NotStaged { version, after, .. } => format!("assetctl --cluster {after} upgrade {version}"),
            Self::StateVersion { .. } => {
                "there is no way back over a migration: go on to a release that reads this \
                                          state"
                    .into()
            }
            Self::OtherJournal { .. } => "finish that first, or name another --journal".into(),
            Self::NoWayBack { .. } => "name one with --to".into(),
            Self::Unhealthy { .. } => {
                "posting stays paused where it was; `assetctl rollback` puts the last known good \
                                       release back"
                    .into()
            }
            Self::Member { .. } => "`sequencer keygen --json` prints the fields of a member".into(),
            Self::Registry(RegistryError::Io { .. }) => "name the registry's folder with --registry".into(),
            Self::Registry(_) => "`assetctl registry verify` checks every release".into(),
            Self::Settlement(error) => settlement_hint(error).into(),
        }
    }
}

fn settlement_hint(error: &SettlementError) -> &'static str {
    match error {
        SettlementError::AlreadyDeployed { .. } => "`assetctl upgrade` replaces a program that is there",
        SettlementError::UpgradeAuthority { .. } => "name its upgrade authority's key with --authority",
        SettlementError::ProgramTooLong { .. } => "the program was deployed with too small a --max-len",
        _ => match error.classify().cause {
            Cause::Transport | Cause::Node | Cause::Congestion | Cause::Expired => {
                "is the cluster up? run it again: what is done already is left alone"
            }
            Cause::Funds => "fund the signer",
            Cause::Unauthorized => "sign with the key that holds the role: `assetctl status` lists them",
            Cause::NotDeployed => "`assetctl deploy` puts the program there",
            Cause::Frozen => "`assetctl evidence show` says why; only a replaced committee ends it",
            Cause::Paused => "`assetctl status` says whether it is paused or waits for a migration",
            _ => "`assetctl status` says how the rollup stands",
        },
    }
}
