//! The settings of settlement: where Solana is, what posting may cost, and when slow settlement makes blocks smaller.

use std::time::Duration;

use batch_poster::PosterConfig;
use serde::{Deserialize, Serialize};
use settlement::CommitmentConfig;
use solana_pubkey::Pubkey;

use super::{ConfigError, MAX_RANK, Settings, redact_url, required, url, within};

/// Most RPC endpoints.
pub const MAX_ENDPOINTS: usize = 8;
/// Highest price of a compute unit that may be configured, micro-lamports: a post would cost some 0.2 SOL.
pub const MAX_PRICE: u64 = 1_000_000_000;
/// Most lamports that posts may be allowed in an hour: 1,000 SOL.
pub const MAX_PER_HOUR: u64 = 1_000_000_000_000;
/// Longest runway that may be asked for: a year.
pub const MAX_RUNWAY_HOURS: u64 = 365 * 24;
/// Greatest age of a root that may be configured: a week.
pub const MAX_AGE_SECONDS: u64 = 7 * 86_400;

/// What counts as being on Solana.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Commitment {
    /// Two thirds of Solana's stake have voted for it.
    #[default]
    Confirmed,
    /// It cannot be taken back any more.
    Finalized,
}

impl From<Commitment> for CommitmentConfig {
    fn from(commitment: Commitment) -> Self {
        match commitment {
            Commitment::Confirmed => Self::confirmed(),
            Commitment::Finalized => Self::finalized(),
        }
    }
}

/// Settlement on Solana.
#[derive(Clone, Debug, PartialEq)]
pub struct Solana {
    /// JSON-RPC URLs of endpoints of one cluster, in the order in which they are asked.
    pub rpc_urls: Vec<String>,
    /// Websocket URL.
    pub ws_url: String,
    /// What is read and confirmed at.
    pub commitment: Commitment,
    /// The rollup program.
    pub program_id: Pubkey,
    /// Whether this node posts.
    pub posting: bool,
    /// Its place among the posters: rank 0 posts at once, others only when those before them do not.
    pub rank: u16,
    /// What posting may cost.
    pub fees: Fees,
    /// When blocks get smaller.
    pub pressure: Pressure,
}

/// What posting may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Least price of a compute unit, micro-lamports.
    pub floor: u64,
    /// Highest, however old the oldest root is.
    pub cap: u64,
    /// Most lamports in an hour.
    pub per_hour: u64,
    /// When the balance lasts no longer, it is an error in the log.
    pub runway_alert: Duration,
}

/// Ages of the oldest root that is not on Solana.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// At which blocks begin to get smaller.
    pub from: Duration,
    /// At which they are smallest.
    pub full: Duration,
}

impl Solana {
    pub(super) fn resolve(s: &mut Settings) -> Result<Self, ConfigError> {
        let program_id = required(s.program_id.take(), "program_id")?;
        Ok(Self {
            rpc_urls: endpoints(&required(s.solana_rpc_url.take(), "solana_rpc_url")?)?,
            ws_url: url(
                required(s.solana_ws_url.take(), "solana_ws_url")?,
                "ws",
                "solana_ws_url",
            )?,
            commitment: s.solana_commitment.unwrap_or_default(),
            program_id: program_id.parse().map_err(|_| ConfigError::Value {
                name: "program_id",
                got: program_id,
                expected: "a Solana address in base58".into(),
            })?,
            posting: s.posting.unwrap_or(false),
            rank: within(s.posting_rank.unwrap_or(0), 0..=MAX_RANK, "posting_rank")?,
            fees: Fees::resolve(s)?,
            pressure: Pressure::resolve(s)?,
        })
    }

    /// How the poster behaves.
    pub fn poster(&self) -> PosterConfig {
        PosterConfig {
            rank: u32::from(self.rank),
            micro_lamports: self.fees.floor,
            max_micro_lamports: self.fees.cap,
            lamports_per_hour: self.fees.per_hour,
            runway_alert: self.fees.runway_alert,
            ..PosterConfig::at(self.commitment.into())
        }
    }

    pub(super) fn redact(&self, s: &mut Settings) {
        let urls: Vec<_> = self.rpc_urls.iter().map(|url| redact_url(url)).collect();
        s.solana_rpc_url = Some(urls.join(","));
        s.solana_ws_url = Some(redact_url(&self.ws_url));
        s.solana_commitment = Some(self.commitment);
        s.program_id = Some(self.program_id.to_string());
        s.posting = Some(self.posting);
        s.posting_rank = Some(self.rank);
        s.posting_price_floor = Some(self.fees.floor);
        s.posting_price_cap = Some(self.fees.cap);
        s.posting_lamports_per_hour = Some(self.fees.per_hour);
        s.posting_runway_alert_hours = Some(self.fees.runway_alert.as_secs() / 3_600);
        s.pressure_from_seconds = Some(self.pressure.from.as_secs());
        s.pressure_full_seconds = Some(self.pressure.full.as_secs());
    }
}

impl Fees {
    fn resolve(s: &Settings) -> Result<Self, ConfigError> {
        let default = PosterConfig::default();
        let floor = s.posting_price_floor.unwrap_or(default.micro_lamports);
        let cap = s.posting_price_cap.unwrap_or(default.max_micro_lamports);
        let per_hour = s.posting_lamports_per_hour.unwrap_or(default.lamports_per_hour);
        let hours = s.posting_runway_alert_hours.unwrap_or(24);
        let floor = within(floor, 0..=MAX_PRICE, "posting_price_floor")?;
        let cap = within(cap, floor..=MAX_PRICE, "posting_price_cap")?;
        // Below, a poster whose price has climbed could not pay for a single post.
        let least = PosterConfig::least_lamports_per_hour(cap);
        let hours = within(hours, 1..=MAX_RUNWAY_HOURS, "posting_runway_alert_hours")?;
        Ok(Self {
            floor,
            cap,
            per_hour: within(
                per_hour,
                least..=MAX_PER_HOUR.max(least),
                "posting_lamports_per_hour",
            )?,
            runway_alert: Duration::from_secs(hours.saturating_mul(3_600)),
        })
    }
}

impl Pressure {
    fn resolve(s: &Settings) -> Result<Self, ConfigError> {
        let from = s.pressure_from_seconds.unwrap_or(120);
        let from = within(from, 10..=MAX_AGE_SECONDS - 1, "pressure_from_seconds")?;
        let full = s.pressure_full_seconds.unwrap_or(1_200);
        let full = within(full, from + 1..=MAX_AGE_SECONDS, "pressure_full_seconds")?;
        Ok(Self {
            from: Duration::from_secs(from),
            full: Duration::from_secs(full),
        })
    }
}

/// One or several URLs, separated by commas, none twice.
fn endpoints(text: &str) -> Result<Vec<String>, ConfigError> {
    let name = "solana_rpc_url";
    let mut urls: Vec<String> = Vec::new();
    for part in text.split(',') {
        let one = url(part.trim().to_owned(), "http", name)?;
        if urls.contains(&one) {
            return Err(ConfigError::Value {
                name,
                got: redact_url(&one),
                expected: "each endpoint once: a second opinion from the same one is none".into(),
            });
        }
        urls.push(one);
    }
    if urls.len() > MAX_ENDPOINTS {
        return Err(ConfigError::Value {
            name,
            got: format!("{} URLs", urls.len()),
            expected: format!("at most {MAX_ENDPOINTS}"),
        });
    }
    Ok(urls)
}
