//! Every setting: one field is its name in the file, its flag, its environment variable and its help.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Commitment, ConfigError, read_text};

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

impl From<LogFormat> for telemetry::Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Auto => Self::Auto,
            LogFormat::Json => Self::Json,
            LogFormat::Pretty => Self::Pretty,
        }
    }
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty, $env:literal, $value:literal;)+) => {
        /// One layer of settings; what is `None` is left to the layer below.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, clap::Args)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $($(#[doc = $doc])+
            #[arg(long, env = $env, value_name = $value, hide_env_values = true)]
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $name: Option<$type>,)+
        }

        impl Settings {
            /// These settings, and those of `below` where there are none.
            #[must_use]
            pub fn over(self, below: Self) -> Self {
                Self { $($name: self.$name.or(below.$name),)+ }
            }

            /// Names and meanings, in order: what a configuration file documents.
            pub const ALL: &[(&'static str, &'static [&'static str])] =
                &[$((stringify!($name), &[$($doc),+]),)+];
        }
    };
}

settings! {
    /// Directory for blocks, state and the consensus log
    data_dir: PathBuf, "ASSET_L2_DATA_DIR", "DIR";
    /// Genesis file: assets and committee
    genesis: PathBuf, "ASSET_L2_GENESIS", "FILE";
    /// BLS consensus key file
    bls_key: PathBuf, "ASSET_L2_BLS_KEY", "FILE";
    /// libp2p identity file
    libp2p_key: PathBuf, "ASSET_L2_LIBP2P_KEY", "FILE";
    /// Solana keypair file: this member's identity, and what pays for posts
    solana_key: PathBuf, "ASSET_L2_SOLANA_KEY", "FILE";
    /// File whose first line opens sealed key files; else ASSET_L2_PASSPHRASE, else it is asked for
    passphrase_file: PathBuf, "ASSET_L2_PASSPHRASE_FILE", "FILE";
    /// Multiaddress to listen on for other validators
    listen_p2p: String, "ASSET_L2_LISTEN_P2P", "MULTIADDR";
    /// Address of JSON-RPC, HTTP and websocket [default: 127.0.0.1:8845]
    listen_rpc: String, "ASSET_L2_LISTEN_RPC", "IP:PORT";
    /// Address of /metrics, /livez and /readyz [default: 127.0.0.1:9845]
    listen_metrics: String, "ASSET_L2_LISTEN_METRICS", "IP:PORT";
    /// Time from block to block, milliseconds [default: 250]
    block_interval_ms: u64, "ASSET_L2_BLOCK_INTERVAL_MS", "MS";
    /// Most transactions that this node puts in a block [default: 1000]
    max_block_transactions: usize, "ASSET_L2_MAX_BLOCK_TRANSACTIONS", "COUNT";
    /// Most transactions that wait in the mempool [default: 65536]
    mempool_transactions: usize, "ASSET_L2_MEMPOOL_TRANSACTIONS", "COUNT";
    /// Most bytes that wait in the mempool [default: 33554432]
    mempool_bytes: usize, "ASSET_L2_MEMPOOL_BYTES", "BYTES";
    /// Most transactions of one sender that wait [default: 8192]
    mempool_per_sender: usize, "ASSET_L2_MEMPOOL_PER_SENDER", "COUNT";
    /// How long a transaction may wait, seconds [default: 300]
    mempool_expiry_seconds: u64, "ASSET_L2_MEMPOOL_EXPIRY_SECONDS", "SECONDS";
    /// Solana JSON-RPC URL, or several of one cluster, separated by commas: an endpoint that fails or lies is then harmless
    solana_rpc_url: String, "ASSET_L2_SOLANA_RPC_URL", "URL";
    /// Solana websocket URL
    solana_ws_url: String, "ASSET_L2_SOLANA_WS_URL", "URL";
    /// What counts as being on Solana [default: confirmed]
    solana_commitment: Commitment, "ASSET_L2_SOLANA_COMMITMENT", "COMMITMENT";
    /// Address of the rollup program on Solana
    program_id: String, "ASSET_L2_PROGRAM_ID", "ADDRESS";
    /// Whether this node posts to Solana [default: false]
    posting: bool, "ASSET_L2_POSTING", "BOOL";
    /// This node's place among the posters; 0 posts first [default: 0]
    posting_rank: u16, "ASSET_L2_POSTING_RANK", "RANK";
    /// Least price of a compute unit that posts offer, micro-lamports [default: 1000]
    posting_price_floor: u64, "ASSET_L2_POSTING_PRICE_FLOOR", "MICRO_LAMPORTS";
    /// Highest price of a compute unit that posts offer, however late they are, micro-lamports [default: 100000]
    posting_price_cap: u64, "ASSET_L2_POSTING_PRICE_CAP", "MICRO_LAMPORTS";
    /// Most lamports that posts may cost in an hour [default: 500000000]
    posting_lamports_per_hour: u64, "ASSET_L2_POSTING_LAMPORTS_PER_HOUR", "LAMPORTS";
    /// When the poster's balance lasts no longer, it is an error in the log, hours [default: 24]
    posting_runway_alert_hours: u64, "ASSET_L2_POSTING_RUNWAY_ALERT_HOURS", "HOURS";
    /// Age of the oldest root that is not on Solana at which this node's blocks begin to get smaller, seconds [default: 120]
    pressure_from_seconds: u64, "ASSET_L2_PRESSURE_FROM_SECONDS", "SECONDS";
    /// Age of that root at which they are smallest, a tenth, seconds [default: 1200]
    pressure_full_seconds: u64, "ASSET_L2_PRESSURE_FULL_SECONDS", "SECONDS";
    /// Log filter, such as info,hotshot_engine=debug; ASSET_L2_LOG wins [default: info]
    log_filter: String, "ASSET_L2_LOG_FILTER", "FILTER";
    /// How log lines are written [default: auto]
    log_format: LogFormat, "ASSET_L2_LOG_FORMAT", "FORMAT";
}

impl Settings {
    /// The layer of a TOML file. Relative paths in it start at the file's directory.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path)?;
        let settings = Self::from_toml(&text).map_err(|reason| ConfigError::Syntax {
            path: path.to_owned(),
            reason,
        })?;
        Ok(settings.relative_to(path.parent().unwrap_or(Path::new("."))))
    }

    /// The layer of a TOML text, or where and why it is none.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// With relative paths made to start at `base`.
    fn relative_to(mut self, base: &Path) -> Self {
        for path in self.paths() {
            *path = base.join(&*path);
        }
        self
    }

    /// With relative paths made to start at the working directory.
    pub fn absolute(mut self) -> std::io::Result<Self> {
        for path in self.paths() {
            *path = std::path::absolute(&*path)?;
        }
        Ok(self)
    }

    /// Makes paths below `base` relative to it.
    pub fn strip_base(&mut self, base: &Path) {
        for path in self.paths() {
            if let Ok(rest) = path.strip_prefix(base) {
                *path = rest.to_owned();
            }
        }
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let all = [
            &mut self.data_dir,
            &mut self.genesis,
            &mut self.bls_key,
            &mut self.libp2p_key,
            &mut self.solana_key,
            &mut self.passphrase_file,
        ];
        all.into_iter().flatten()
    }
}
