//! The poster's decisions: a pure state machine. It sees what the chain says and what this node has, and says what to do.
//!
//! ```text
//! step(chain, tip, local block) ─▶ landed, expired, rebroadcast, Action
//! sent(post)          a post went out
//! refused(class)      it did not go out
//! failed(post, class) it landed and did nothing
//! ```

use rollup_abi::Digest;
use settlement::{Cause, Classified, ProgramMismatch, Signature, Verdict};

use crate::{Orders, PosterConfig};

/// What the rollup's account says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainView {
    /// Solana slot of the reading.
    pub slot: u64,
    /// The last block height of Solana that is known, to see what has expired.
    pub block_height: u64,
    /// Newest accepted height; 0 is genesis.
    pub height: u64,
    /// The epoch whose committee certifies.
    pub epoch: u64,
    /// Whether that epoch's last block is accepted, so that the next committee has to take over.
    pub ended: bool,
    /// The accumulator at that height.
    pub roots_acc: Digest,
    /// The accepted root at the height of the local block that comes with this view, if the account still holds it.
    pub root_at_local: Option<Digest>,
    /// Whether a committee certifies.
    pub active: bool,
    /// Whether the rollup is paused.
    pub paused: bool,
    /// Whether two certified roots conflict.
    pub frozen: bool,
    /// Whether this poster is on the allow-list.
    pub allowed: bool,
    /// Why the program is not the one that this binary knows, if it is not.
    pub program: Option<ProgramMismatch>,
}

/// This node's own block at the chain's height, or at its own tip if that is lower: what the chain is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalBlock {
    /// Its height.
    pub height: u64,
    /// Its state root, computed here.
    pub state_root: Digest,
    /// Its accumulator.
    pub roots_acc: Digest,
}

/// A post under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The height that it brings the chain to.
    pub to: u64,
    /// Its signature.
    pub signature: Signature,
    /// Solana's block height after which it cannot land.
    pub last_valid_block_height: u64,
    /// Slot in which it was signed.
    pub signed_at: u64,
    /// Slot in which its bytes were last sent.
    pub sent_at: u64,
    /// Whether the next post may build on it.
    pub counted_on: bool,
}

/// Why the poster stops for good. A person must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The chain has another root than this node.
    #[error(
        "root divergence at height {height}: on chain {}, computed here {}",
        Hex(on_chain),
        Hex(local)
    )]
    Diverged {
        /// The height.
        height: u64,
        /// The root, or the accumulator, on chain.
        on_chain: Digest,
        /// What this node has.
        local: Digest,
    },
    /// The program holds evidence of two certified roots at one height.
    #[error("the rollup is frozen: two certified roots conflict at height {height}")]
    Frozen {
        /// The newest accepted height.
        height: u64,
    },
    /// This node's own blocks do not fit together, or cannot be posted.
    #[error("own blocks from height {from} cannot be posted")]
    OwnBlocks {
        /// The first of them.
        from: u64,
    },
}

struct Hex<'a>(&'a Digest);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why nothing is posted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// The chain has everything, or will when what is under way lands.
    UpToDate,
    /// A poster of lower rank is at it.
    NotOurTurn,
    /// As many posts are under way as may be.
    InFlight,
    /// Just started: what an earlier process sent may still land.
    SettlingIn,
    /// Waiting after a failure.
    BackOff,
    /// Of the blocks that fit into a post, this node has no certificate: it was away when they were decided. Somebody who
    /// was there has to bring the chain further.
    NoCertificate,
    /// No committee certifies yet.
    NotActive,
    /// The rollup is paused.
    Paused,
    /// This poster is not on the allow-list.
    NotAllowed,
    /// The program is not the one that this binary knows, or not recorded as such. An alert; posting goes on once it is.
    Program(ProgramMismatch),
    /// One endpoint shows what would halt this poster, and no other answers. An alert, too.
    Doubt,
    /// The node or the program refuses this poster's blocks. It is asked again now and then, before anything is sent: the
    /// endpoint may lie, or the program be upgraded. An alert all the same.
    Refused(rollup_abi::ProgramError),
    /// The hour's money is spent.
    Spent,
    /// The operator stopped it.
    Stopped,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Idle(Idle),
    /// Post the blocks after `base`.
    Post {
        /// The height that the chain has, or will have when what is under way lands.
        base: u64,
        /// Whether the node should simulate it first: at the start, and after a failure.
        preflight: bool,
        /// Counts the attempts, so that no two have the same bytes.
        attempt: u64,
    },
    /// Let the next committee take over.
    HandOver,
    /// Nothing, ever again.
    Halt(Halt),
}

/// What one look at the chain gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Posts whose height the chain has reached.
    pub landed: Vec<InFlight>,
    /// Posts that can no longer land.
    pub expired: Vec<InFlight>,
    /// Posts whose bytes should go out again.
    pub rebroadcast: Vec<Signature>,
    /// What to do.
    pub action: Action,
}

/// The state machine. It holds nothing that a restart would miss.
#[derive(Clone, Debug)]
pub struct Planner {
    config: PosterConfig,
    halted: Option<Halt>,
    /// Of higher rank than 0, and posting because the lower ones do not.
    acting: bool,
    in_flight: Vec<InFlight>,
    /// The heights of our posts that landed last, to tell our own progress from another poster's.
    own_height: u64,
    /// Slot of the first look.
    began: Option<u64>,
    progress: Option<Progress>,
    failures: u32,
    /// What the program said last, while nothing has moved since.
    refusal: Option<rollup_abi::ProgramError>,
    resume_at: u64,
    attempts: u64,
    orders: Orders,
}

/// Since when the chain stands at a height although there is more to post.
#[derive(Clone, Copy, Debug)]
struct Progress {
    height: u64,
    epoch: u64,
    since_slot: u64,
}

/// Posts that are remembered until they expire, though no longer counted on.
const MAX_REMEMBERED: usize = 64;

impl Planner {
    /// A planner without a past.
    pub fn new(config: PosterConfig) -> Self {
        Self {
            config,
            halted: None,
            acting: false,
            in_flight: Vec::new(),
            own_height: 0,
            began: None,
            progress: None,
            failures: 0,
            refusal: None,
            resume_at: 0,
            attempts: 0,
            orders: Orders::default(),
        }
    }

    /// What the operator wants from now on.
    pub fn order(&mut self, orders: Orders) {
        self.orders = orders;
    }

    /// Posts under way, oldest first.
    pub fn in_flight(&self) -> &[InFlight] {
        &self.in_flight
    }

    /// Looks at the chain. `tip` is this node's newest executed height, `local` its block at the lower of the two heights.
    pub fn step(&mut self, chain: &ChainView, tip: u64, local: Option<LocalBlock>) -> Step {
        self.began.get_or_insert(chain.slot);
        let (landed, expired) = self.settle(chain);
        self.follow(chain, tip, &landed);
        let rebroadcast = self.due_for_rebroadcast(chain.slot);
        if self.halted.is_none() {
            self.halted = diverged(chain, local);
        }
        let action = self.decide(chain, tip);
        Step {
            landed,
            expired,
            rebroadcast,
            action,
        }
    }

    /// Whether it has stopped for good.
    pub fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// A post went out.
    pub fn sent(&mut self, post: InFlight) {
        self.acting = true;
        self.in_flight.push(post);
        if self.in_flight.len() > MAX_REMEMBERED {
            self.in_flight.remove(0);
        }
    }

    /// A post was refused before it landed.
    pub fn refused(&mut self, class: Classified, slot: u64) {
        self.back_off(class, slot);
    }

    /// A post landed and failed. Those that were built on it will fail, too.
    pub fn failed(&mut self, signature: &Signature, class: Classified, slot: u64) {
        self.in_flight.retain(|post| post.signature != *signature);
        for post in &mut self.in_flight {
            post.counted_on = false;
        }
        self.back_off(class, slot);
    }

    /// Of the blocks that fit into a post, this node has no certificate: it looks again after a pause.
    pub fn uncertified(&mut self, slot: u64) {
        let class = Classified {
            verdict: Verdict::Retry,
            cause: Cause::Unknown,
        };
        self.back_off(class, slot);
    }

    /// This node's own blocks do not fit together.
    pub fn own_blocks_wrong(&mut self, from: u64) -> Halt {
        *self.halted.get_or_insert(Halt::OwnBlocks { from })
    }

    /// Takes out what landed and what expired, and stops counting on what is late.
    fn settle(&mut self, chain: &ChainView) -> (Vec<InFlight>, Vec<InFlight>) {
        let (mut landed, mut expired) = (Vec::new(), Vec::new());
        let replace_after = self.config.replace_after;
        self.in_flight.retain_mut(|post| {
            if post.to <= chain.height {
                landed.push(*post);
                return false;
            }
            if post.last_valid_block_height < chain.block_height {
                expired.push(*post);
                return false;
            }
            if chain.slot.saturating_sub(post.signed_at) >= replace_after {
                post.counted_on = false;
            }
            true
        });
        (landed, expired)
    }

    /// Notices progress, and whose it was.
    fn follow(&mut self, chain: &ChainView, tip: u64, landed: &[InFlight]) {
        if let Some(own) = landed.iter().map(|post| post.to).max() {
            self.own_height = self.own_height.max(own);
        }
        let stands = (chain.height, chain.epoch);
        let moved = self
            .progress
            .is_none_or(|progress| (progress.height, progress.epoch) != stands);
        let by_another = self.progress.is_some() && moved && chain.height != self.own_height;
        if by_another {
            self.acting = false;
        }
        if moved {
            self.failures = 0;
            self.refusal = None;
            self.resume_at = 0;
        }
        // While there is nothing to post, no progress is no sign of death.
        if moved || tip <= chain.height {
            self.progress = Some(Progress {
                height: chain.height,
                epoch: chain.epoch,
                since_slot: chain.slot,
            });
        }
    }

    fn due_for_rebroadcast(&mut self, slot: u64) -> Vec<Signature> {
        let after = self.config.rebroadcast_after;
        self.in_flight
            .iter_mut()
            .filter(|post| slot.saturating_sub(post.sent_at) >= after)
            .map(|post| {
                post.sent_at = slot;
                post.signature
            })
            .collect()
    }

    /// What to do, with what has been sent since the chain was looked at.
    pub fn decide(&mut self, chain: &ChainView, tip: u64) -> Action {
        if let Some(halt) = self.halted {
            return Action::Halt(halt);
        }
        let counted = || self.in_flight.iter().filter(|post| post.counted_on);
        let base = counted().map(|post| post.to).max().unwrap_or(0).max(chain.height);
        let flush = base < self.orders.flush_to;
        let idle = if self.orders.stopped {
            Idle::Stopped
        } else if let Some(mismatch) = chain.program {
            Idle::Program(mismatch)
        } else if !chain.active {
            Idle::NotActive
        } else if chain.paused {
            Idle::Paused
        } else if !chain.allowed {
            Idle::NotAllowed
        } else if tip <= base && !chain.ended {
            Idle::UpToDate
        } else if !flush && !self.on_duty(chain.slot) {
            Idle::NotOurTurn
        } else if self.settles_in(chain.slot) {
            Idle::SettlingIn
        } else if !flush && chain.slot < self.resume_at {
            self.refusal.map_or(Idle::BackOff, Idle::Refused)
        } else if chain.ended {
            return Action::HandOver;
        } else if counted().count() >= self.config.max_in_flight {
            Idle::InFlight
        } else {
            let preflight = self.attempts == 0 || self.failures > 0;
            self.attempts = self.attempts.wrapping_add(1);
            return Action::Post {
                base,
                preflight,
                attempt: self.attempts,
            };
        };
        Action::Idle(idle)
    }

    /// Whether it is this poster's part to prepare the next hand-over.
    pub fn prepares(&self, chain: &ChainView) -> bool {
        let moving = chain.active && !chain.paused && chain.allowed && chain.program.is_none();
        moving && !self.orders.stopped && self.halted.is_none() && self.on_duty(chain.slot)
    }

    fn settles_in(&self, slot: u64) -> bool {
        let began = self.began.unwrap_or(slot);
        slot < began.saturating_add(self.config.settle_in)
    }

    /// Rank 0 always; the others once nothing has moved for their time, and then until somebody else moves it.
    fn on_duty(&self, slot: u64) -> bool {
        let patience = self
            .config
            .takeover_after
            .saturating_mul(u64::from(self.config.rank));
        let stalled = self
            .progress
            .map_or(0, |progress| slot.saturating_sub(progress.since_slot));
        self.acting || stalled >= patience
    }

    /// Doubles the pause with each failure in a row.
    fn back_off(&mut self, class: Classified, slot: u64) {
        if class.verdict == Verdict::Success {
            return;
        }
        // Nothing here ends it: each cause may be put right while we wait, and waiting costs nothing.
        self.refusal = match class.cause {
            Cause::Refused(error) => Some(error),
            _ => None,
        };
        let pause = 1u64
            .checked_shl(self.failures)
            .unwrap_or(u64::MAX)
            .min(self.config.max_backoff);
        self.failures = self.failures.saturating_add(1);
        // Somebody else was faster: what it needs is a fresh look, not a pause.
        let pause = if class.cause == Cause::Overtaken { 0 } else { pause };
        self.resume_at = slot.saturating_add(pause);
    }
}

/// Compares the chain with this node's own block.
pub(crate) fn diverged(chain: &ChainView, local: Option<LocalBlock>) -> Option<Halt> {
    if chain.frozen {
        return Some(Halt::Frozen { height: chain.height });
    }
    let local = local?;
    let differ = |on_chain: Digest, own: Digest| {
        (on_chain != own).then_some(Halt::Diverged {
            height: local.height,
            on_chain,
            local: own,
        })
    };
    let root = chain
        .root_at_local
        .and_then(|on_chain| differ(on_chain, local.state_root));
    // The accumulator stands for every root up to it.
    let acc = (local.height == chain.height)
        .then(|| differ(chain.roots_acc, local.roots_acc))
        .flatten();
    root.or(acc)
}

#[cfg(test)]
pub(crate) mod tests;
