//! Configuration: flags over environment over the TOML file over defaults, validated once into a typed [`Config`].
//!
//! ```text
//!  flags, ASSET_L2_* ──clap──▶ Settings ─┐
//!  sequencer.toml ───toml────▶ Settings ─┴─ over ─▶ resolve ─▶ Config (typed, complete, immutable)
//! ```
//!
//! Every setting has its one home in [`Settings`]: its name in the file, its flag, its environment variable, its help.

mod settings;
mod settlement;
mod template;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

pub use settings::{LogFormat, Settings};
pub use settlement::{Commitment, Fees, MAX_ENDPOINTS, Pressure, Solana};
pub use template::file_text;

/// Shortest and longest block interval, milliseconds: below, votes do not arrive in time; above, the timeout does.
pub const BLOCK_INTERVAL_MS: std::ops::RangeInclusive<u64> = 50..=10_000;
/// Highest posting rank: a committee's size.
pub const MAX_RANK: u16 = 127;
/// Most transactions that a mempool may be configured for.
pub const MAX_MEMPOOL_TRANSACTIONS: usize = 1_000_000;
/// Largest mempool that may be configured, bytes.
pub const MAX_MEMPOOL_BYTES: usize = 1 << 30;
/// Largest configuration or genesis file that is read, bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// The complete configuration of a validator.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where blocks, state and the consensus log live.
    pub data_dir: PathBuf,
    /// The genesis file: assets and committee.
    pub genesis: PathBuf,
    /// The key files.
    pub keys: KeyFiles,
    /// Addresses to listen on.
    pub listen: Listen,
    /// Time from block to block.
    pub block_interval: Duration,
    /// Most transactions that this node puts in a block.
    pub max_block_transactions: usize,
    /// The mempool's bounds.
    pub mempool: MempoolLimits,
    /// Settlement on Solana.
    pub solana: Solana,
    /// Logging.
    pub log: Log,
}

/// The key files.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyFiles {
    /// BLS consensus key.
    pub bls: PathBuf,
    /// libp2p identity.
    pub libp2p: PathBuf,
    /// Solana keypair: the member's identity, and the poster that pays for posts.
    pub solana: PathBuf,
    /// Where the passphrase of sealed ones stands; else it is looked for in the environment, or typed.
    pub passphrase: Option<PathBuf>,
}

/// Addresses to listen on.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// libp2p multiaddress.
    pub p2p: String,
    /// JSON-RPC over HTTP and websocket.
    pub rpc: SocketAddr,
    /// `/metrics`, `/livez`, `/readyz`.
    pub metrics: SocketAddr,
}

/// The mempool's bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MempoolLimits {
    /// Most transactions.
    pub transactions: usize,
    /// Most bytes of encoded transactions.
    pub bytes: usize,
    /// Most transactions of one sender; also how far ahead of the account's nonce one may be.
    pub per_sender: usize,
    /// How long one may wait.
    pub expiry: Duration,
}

/// Logging.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// `tracing` filter.
    pub filter: String,
    /// How lines are written.
    pub format: LogFormat,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is larger than any of its kind.
    #[error("{}: {got} bytes, expected at most {MAX_FILE_BYTES}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        got: u64,
    },
    /// Not TOML, or a setting that does not exist.
    #[error("{}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// A required setting is nowhere.
    #[error("setting {name} is missing, expected it in the file, as ASSET_L2_{} or as --{}", name.to_uppercase(), name.replace('_', "-"))]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A value out of its range or form.
    #[error("setting {name} is {got:?}, expected {expected}")]
    Value {
        /// Its name.
        name: &'static str,
        /// What was given.
        got: String,
        /// What would do.
        expected: String,
    },
}

/// Reads a text file of at most [`MAX_FILE_BYTES`].
pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let got = std::fs::metadata(path).map_err(failed)?.len();
    if got > MAX_FILE_BYTES {
        return Err(ConfigError::TooLarge {
            path: path.to_owned(),
            got,
        });
    }
    std::fs::read_to_string(path).map_err(failed)
}

impl Config {
    /// The configuration of `overrides` (flags and environment) over the file, if one is named.
    pub fn load(file: Option<&Path>, overrides: Settings) -> Result<Self, ConfigError> {
        let settings = match file {
            Some(path) => overrides.over(Settings::from_file(path)?),
            None => overrides,
        };
        Self::resolve(settings)
    }

    /// Fills defaults and checks every value.
    pub fn resolve(mut s: Settings) -> Result<Self, ConfigError> {
        let solana = Solana::resolve(&mut s);
        let data_dir = required(s.data_dir, "data_dir")?;
        let genesis = required(s.genesis, "genesis")?;
        let keys = KeyFiles {
            bls: required(s.bls_key, "bls_key")?,
            libp2p: required(s.libp2p_key, "libp2p_key")?,
            solana: required(s.solana_key, "solana_key")?,
            passphrase: s.passphrase_file,
        };
        let listen = Listen {
            p2p: multiaddress(required(s.listen_p2p, "listen_p2p")?)?,
            rpc: socket(s.listen_rpc.as_deref().unwrap_or("127.0.0.1:8845"), "listen_rpc")?,
            metrics: socket(
                s.listen_metrics.as_deref().unwrap_or("127.0.0.1:9845"),
                "listen_metrics",
            )?,
        };
        let interval = s.block_interval_ms.unwrap_or(250);
        let block_interval_ms = within(interval, BLOCK_INTERVAL_MS, "block_interval_ms")?;
        let max_block = s.max_block_transactions.unwrap_or(1_000);
        let transactions = s.mempool_transactions.unwrap_or(65_536);
        let per_sender = s.mempool_per_sender.unwrap_or(8_192);
        let mempool = MempoolLimits {
            transactions: within(transactions, 1..=MAX_MEMPOOL_TRANSACTIONS, "mempool_transactions")?,
            bytes: within(
                s.mempool_bytes.unwrap_or(32 << 20),
                1_024..=MAX_MEMPOOL_BYTES,
                "mempool_bytes",
            )?,
            per_sender: within(per_sender, 1..=transactions, "mempool_per_sender")?,
            expiry: Duration::from_secs(within(
                s.mempool_expiry_seconds.unwrap_or(300),
                1..=86_400,
                "mempool_expiry_seconds",
            )?),
        };
        Ok(Self {
            data_dir,
            genesis,
            keys,
            listen,
            block_interval: Duration::from_millis(block_interval_ms),
            max_block_transactions: within(max_block, 1..=assetvm::MAX_BLOCK_TXS, "max_block_transactions")?,
            mempool,
            solana: solana?,
            log: Log {
                filter: s.log_filter.unwrap_or_else(|| "info".into()),
                format: s.log_format.unwrap_or_default(),
            },
        })
    }

    /// The effective settings for showing: URLs lose what may be a credential, keys are only named by their files.
    pub fn redacted(&self) -> Settings {
        let ms = u64::try_from(self.block_interval.as_millis()).unwrap_or(u64::MAX);
        let mut settings = Settings {
            data_dir: Some(self.data_dir.clone()),
            genesis: Some(self.genesis.clone()),
            bls_key: Some(self.keys.bls.clone()),
            libp2p_key: Some(self.keys.libp2p.clone()),
            solana_key: Some(self.keys.solana.clone()),
            passphrase_file: self.keys.passphrase.clone(),
            listen_p2p: Some(self.listen.p2p.clone()),
            listen_rpc: Some(self.listen.rpc.to_string()),
            listen_metrics: Some(self.listen.metrics.to_string()),
            block_interval_ms: Some(ms),
            max_block_transactions: Some(self.max_block_transactions),
            mempool_transactions: Some(self.mempool.transactions),
            mempool_bytes: Some(self.mempool.bytes),
            mempool_per_sender: Some(self.mempool.per_sender),
            mempool_expiry_seconds: Some(self.mempool.expiry.as_secs()),
            log_filter: Some(self.log.filter.clone()),
            log_format: Some(self.log.format),
            ..Settings::default()
        };
        self.solana.redact(&mut settings);
        settings
    }
}

fn required<T>(value: Option<T>, name: &'static str) -> Result<T, ConfigError> {
    value.ok_or(ConfigError::Missing { name })
}

fn within<T>(value: T, range: std::ops::RangeInclusive<T>, name: &'static str) -> Result<T, ConfigError>
where
    T: PartialOrd + std::fmt::Display,
{
    if range.contains(&value) {
        return Ok(value);
    }
    let expected = format!("{} to {}", range.start(), range.end());
    Err(ConfigError::Value {
        name,
        got: value.to_string(),
        expected,
    })
}

fn socket(text: &str, name: &'static str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| ConfigError::Value {
        name,
        got: text.to_owned(),
        expected: "IP:PORT, such as 127.0.0.1:8845".into(),
    })
}

fn multiaddress(text: String) -> Result<String, ConfigError> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [
            "",
            "ip4" | "ip6" | "dns" | "dns4" | "dns6",
            _,
            "tcp" | "udp",
            port,
            ..,
        ] if port.parse::<u16>().is_ok() => Ok(text),
        _ => Err(ConfigError::Value {
            name: "listen_p2p",
            got: text,
            expected: "a multiaddress, such as /ip4/0.0.0.0/tcp/7845".into(),
        }),
    }
}

fn url(text: String, scheme: &str, name: &'static str) -> Result<String, ConfigError> {
    let rest = text
        .strip_prefix(scheme)
        .map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    match rest.and_then(|rest| rest.strip_prefix("://")) {
        Some(host) if !host.is_empty() => Ok(text),
        _ => Err(ConfigError::Value {
            name,
            got: redact_url(&text),
            expected: format!("a URL with {scheme}:// or {scheme}s://"),
        }),
    }
}

/// Scheme, host and port. User, password, path and query can be credentials of an RPC provider.
fn redact_url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return "<redacted>".into();
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let (user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => ("<redacted>@", host),
        None => ("", authority),
    };
    let path = if path.len() > 1 { "/<redacted>" } else { path };
    format!("{scheme}://{user}{host}{path}")
}

#[cfg(test)]
mod tests;
