//! The way of one transaction through all processes, put together from what each of them remembers.
//!
//! Validators say when they took it, voted, and knew its block decided and its root on Solana; the block's header says when
//! its leader made it; Solana says which of its transactions brought the root. All on one machine, so one clock.

use std::fmt;
use std::time::Duration;

use assetvm::TxId;
use hotshot_types::{Committee, View};
use rollup_abi::Header;
use sequencer::rpc::AssetApiClient as _;
use sequencer::rpc::types::{IdText, Inclusion};
use sequencer::trace::{Told, ViewTrace};
use settlement::Signature;

use crate::attach::Attached;
use crate::error::TestnetError;
use crate::http;
use crate::posts::Post;

/// What is known of a transaction's way.
#[derive(Clone, Debug)]
pub struct Journey {
    id: TxId,
    header: Header,
    index: u32,
    transactions: u32,
    failure: Option<String>,
    leader: Option<usize>,
    committee: Committee,
    /// By validator; `None` of one that does not answer.
    told: Vec<Option<Told>>,
    post: Option<Post>,
    finality: Option<String>,
}

/// Puts a transaction's way together.
///
/// # Errors
/// No validator knows it as decided, or Solana does not answer.
pub async fn journey(attached: &Attached, id: TxId) -> Result<Journey, TestnetError> {
    let (inclusion, block) = find(attached, id).await?;
    let header = Header::decode(&block.header.0).map_err(|error| TestnetError::Trace {
        id,
        reason: error.to_string(),
    })?;
    let path = format!("/trace/{id}/{}/{}", header.view, header.height);
    let told = attached.nodes.iter().map(async |node| {
        let (status, body) = http::get(node.health(), &path).await.ok()?;
        serde_json::from_str(&body).ok().filter(|_| status == 200)
    });
    let told = futures::future::join_all(told).await;
    let mut posts = attached.posts()?;
    posts.read().await.map_err(TestnetError::SolanaClient)?;
    let post = posts
        .up_to(u64::MAX)
        .find(|post| post.height >= header.height)
        .cloned();
    let finality = match &post {
        Some(post) => finality(attached, id, post).await?,
        None => None,
    };
    let committee = attached.deployment.committee.clone();
    Ok(Journey {
        id,
        index: inclusion.index,
        transactions: block.summary.transactions,
        failure: inclusion.receipt.failure.map(|failure| failure.message),
        leader: committee.index_of(&committee.leader(View::new(header.view)).node),
        header,
        committee,
        told,
        post,
        finality,
    })
}

async fn find(
    attached: &Attached,
    id: TxId,
) -> Result<(Inclusion, sequencer::rpc::types::BlockView), TestnetError> {
    let mut reason = "no validator answers".to_owned();
    for node in attached.nodes.iter() {
        match node.rpc().transaction_status(IdText(id)).await {
            Ok(status) => match status.inclusion() {
                Some(inclusion) => {
                    let block = node.rpc().block(inclusion.height).await;
                    return Ok((inclusion.clone(), block.map_err(|error| node.failed(error))?));
                }
                None => reason = format!("it is not decided: {status:?}"),
            },
            Err(error) => tracing::debug!(%error, "no status"),
        }
    }
    Err(TestnetError::Trace { id, reason })
}

/// How final Solana calls a post.
async fn finality(attached: &Attached, id: TxId, post: &Post) -> Result<Option<String>, TestnetError> {
    let Ok(signature) = post.signature.parse::<Signature>() else {
        return Ok(None);
    };
    let rollup = attached.rollup()?;
    let statuses = rollup
        .rpc()
        .get_signature_statuses_with_history(&[signature])
        .await;
    let statuses = statuses.map_err(|error| TestnetError::Trace {
        id,
        reason: format!("Solana: {error}"),
    })?;
    let status = statuses.value.into_iter().flatten().next();
    let level = status.and_then(|status| status.confirmation_status);
    Ok(level.map(|level| format!("{level:?}").to_lowercase()))
}

impl Journey {
    /// Moments of all validators that know one, earliest first.
    fn moments(&self, part: impl Fn(&Told) -> Option<u64>) -> Vec<(u64, usize)> {
        let told = self.told.iter().enumerate();
        let mut moments: Vec<_> = told
            .filter_map(|(index, told)| Some((part(told.as_ref()?)?, index)))
            .collect();
        moments.sort_unstable();
        moments
    }

    /// The moment at which a quorum of stake had done something.
    fn quorum(&self, moments: &[(u64, usize)]) -> Option<u64> {
        let mut stake = 0;
        let reached = moments.iter().find(|(_, index)| {
            stake += self.committee.members()[*index].stake.get();
            stake >= self.committee.quorum().get()
        });
        reached.map(|(at, _)| *at)
    }

    /// Everything that happened, in order of the way: when, what, and what more there is to say.
    fn hops(&self) -> Vec<(Option<u64>, &'static str, String)> {
        let taken = self.moments(|told| told.taken_us);
        let by = taken
            .first()
            .map_or("nobody who answers remembers it".to_owned(), |(_, index)| {
                format!("taken by validator {index}")
            });
        let leader = self.leader.map_or("–".to_owned(), |leader| leader.to_string());
        let made = format!(
            "block {}, view {}, led by validator {leader}: {} of {} transactions",
            self.header.height,
            self.header.view,
            self.index.saturating_add(1),
            self.transactions
        );
        let phase = |part: fn(&ViewTrace) -> Option<u64>| self.moments(|told| part(&told.view));
        let (vote1, vote2) = (phase(|view| view.vote1_us), phase(|view| view.vote2_us));
        let decided = phase(|view| view.decided_us);
        let settled = self.moments(|told| told.settled_us);
        let first = |moments: &[(u64, usize)]| moments.first().map(|(at, _)| *at);
        let posted = self.post.as_ref().map_or("not yet".to_owned(), |post| {
            format!("{} roots in slot {}, {}", post.roots, post.slot, post.signature)
        });
        let finality = self.finality.clone().unwrap_or_else(|| "not yet".to_owned());
        vec![
            (first(&taken), "submit", by),
            (
                Some(self.header.timestamp_ms.saturating_mul(1_000)),
                "block",
                made,
            ),
            (
                self.quorum(&vote1),
                "vote 1",
                self.quorum_text("executed and voted for", &vote1),
            ),
            (
                first(&vote2),
                "certificate 1",
                "the first validator holds it".to_owned(),
            ),
            (
                self.quorum(&vote2),
                "vote 2",
                self.quorum_text("locked and voted for", &vote2),
            ),
            (
                first(&decided),
                "decided",
                self.spread_text("certificate 2, durable", &decided),
            ),
            (first(&settled), "posted", posted),
            (
                settled.last().map(|(at, _)| *at),
                "seen on Solana",
                self.spread_text(&finality, &settled),
            ),
        ]
    }

    fn quorum_text(&self, what: &str, moments: &[(u64, usize)]) -> String {
        format!("{what} by {} of {}; now a quorum", moments.len(), self.told.len())
    }

    fn spread_text(&self, what: &str, moments: &[(u64, usize)]) -> String {
        let spread = match (moments.first(), moments.last()) {
            (Some((first, _)), Some((last, _))) => ms(last - first),
            _ => return what.to_owned(),
        };
        format!(
            "{what}; {} of {} validators within {spread}",
            moments.len(),
            self.told.len()
        )
    }

    /// Whether every hop is known.
    pub fn is_complete(&self) -> bool {
        self.hops().iter().all(|(at, ..)| at.is_some())
    }
}

fn ms(micros: u64) -> String {
    let millis = Duration::from_micros(micros).as_secs_f64() * 1_000.0;
    format!("{millis:.1} ms")
}

impl fmt::Display for Journey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transaction {}", self.id)?;
        match &self.failure {
            None => writeln!(f)?,
            Some(failure) => writeln!(f, ", which failed: {failure}")?,
        }
        writeln!(f, "{:>12} {:>12}  {:<16}", "since submit", "step", "")?;
        let hops = self.hops();
        let start = hops.iter().find_map(|(at, ..)| *at).unwrap_or(0);
        let mut before = start;
        for (index, (at, name, text)) in hops.iter().enumerate() {
            let (since, step) = match at {
                Some(at) => {
                    // A block's time has milliseconds only, and may seem to be before what came just before it.
                    let at = (*at).max(before);
                    let step = at - std::mem::replace(&mut before, at);
                    (ms(at - start), ms(step))
                }
                None => ("–".to_owned(), "–".to_owned()),
            };
            write!(f, "{since:>12} {step:>12}  {name:<16}{text}")?;
            if index + 1 < hops.len() {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
