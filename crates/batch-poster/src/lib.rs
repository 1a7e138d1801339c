//! Decided leaves in, certified roots on Solana out; the chain is its checkpoint.
//!
//! ```text
//!  tip (watch) ─┐      ┌───────────── about once per slot ─────────────┐
//!  BlockSource ─┼─────▶│ read the rollup's account                     │
//!   (the store) │      │   └▶ Planner::step ─▶ Action                  │──▶ PosterStatus (watch)
//!               │      │        Post ─▶ assemble ─▶ sign ─▶ send once  │
//!               │      │        Idle │ Halt                            │
//!               └──────└───────────────────────────────────────────────┘
//! ```
//!
//! One transaction carries the newest certificate that fits and the chain of state roots since the last accepted block, so
//! the number of transactions follows Solana's slots and not the rollup's blocks.
//!
//! Rules:
//! - whether a post counts is judged by the rollup's account; a signature's status only tells early that it failed;
//! - there is no journal: after a restart the account says where to go on, and a repeated post does nothing on chain;
//! - each attempt has a fresh blockhash and bytes of its own; what has not landed is sent again as it is, and replaced by
//!   a newer submission only after it had its time;
//! - nothing is posted to a program that is not the one that this binary knows, and recorded as such; once it is, posting goes on;
//! - no root is posted that this node did not compute itself, and a root on chain that differs from it halts the poster,
//!   loudly and for good ([`Halt`]), if the other endpoints show it, too; nothing that an endpoint says of a transaction does, for
//!   endpoints may lie;
//! - the price of a post climbs with the age of the oldest unsettled block, up to a cap, and an hour of posts costs no more
//!   than an hour's money;
//! - blocks of an epoch wait until the one before has handed over on chain; the poster on duty stages the next committee ahead
//!   of that, unless another has, and calls for the hand-over;
//! - several validators may each run one: the lowest [`PosterConfig::rank`] that is alive posts, the others watch;
//! - a new process looks on for some slots, so that what one before it sent shows before it posts the same;
//! - no error ends the task: it waits, with a bound, and reads the chain again.

mod assemble;
mod block;
mod config;
mod control;
mod fees;
mod planner;
mod poster;
mod status;

pub use assemble::{AssembleError, Base, assemble};
pub use block::{BlockSource, Certificate, Settleable, SourceError};
pub use config::PosterConfig;
pub use control::{Orders, PosterControl};
pub use planner::{Action, ChainView, Halt, Idle, InFlight, LocalBlock, Planner, Step};
pub use poster::{BatchPoster, Poster};
pub use status::{PosterCounters, PosterPhase, PosterStatus};
