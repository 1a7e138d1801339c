//! A model checker of the HotShot core: everything that can happen to four members, one of them Byzantine, within a bound.
//!
//! ```text
//!  universe: every block of the bound          stateright: breadth first over what has been said
//!      │                                             │
//!      ▼                                             ▼
//!  cores: Consensus::step, each call once ─▶ locals: core + disk + application ─▶ clouds ─▶ cluster: properties
//! ```
//!
//! What is explored is the real core, not a description of it: each transition is a call of [`hotshot::Consensus::step`] or of
//! [`hotshot::Consensus::new`] with a [`hotshot::Recovery`].
//!
//! # What can happen
//!
//! - Messages come in any order, late, twice, or never: what has been said once can be delivered to anybody for ever.
//! - A view is given up at any moment, by a member alone or because f+1 have given it up.
//! - A write becomes durable at any later moment, in order, and only then does the core hear of it.
//! - A member crashes between any two outputs, any number of times. Of the writes and decisions that nobody was told of,
//!   any prefix is durable; everything else but the log is lost.
//! - The Byzantine member signs anything with its own key. As leader it has rival blocks on every certified parent, with any
//!   timeout certificate that exists; it votes in both phases for every leaf, and gives up every view with every lock that it
//!   can show. It shows proposals and certificates to whom it likes. So it needs no state: a certificate exists
//!   as soon as two honest members have voted.
//!
//! # What must hold
//!
//! No two leaves at one height are decided, by any member, ever; all final leaves are on one branch, whether somebody has
//! decided them or not; one proposal, Vote1 and Vote2 per member and view over all of its lives; lock and decided height
//! never fall, and a restart knows at least what was said; nobody halts. And so that this means something, it must be
//! seen that blocks are decided, by all; a block and its child; a view is given up by a quorum, and a block above it decided;
//! a member speaks after a restart; both of two rivals get votes. An exploration that does not see these fails.
//!
//! # What is abstracted
//!
//! - Signatures are ideal. A certificate is the same whoever signed it: the core does not look at signers. Tallies and
//!   signature checks are outside the core, and not here; malformed messages, which a core refuses without a change, neither.
//! - Blocks are from a tiny universe: one per view and parent by an honest leader, a few rivals by the Byzantine one. Honest
//!   applications find all of them valid.
//! - Time stands still: a timeout is an input ([`hotshot::Input::TimeoutOneHonest`] for the own view, which runs the same
//!   code as its deadline), and resending is done with every step. Fetches are never sent: what exists is at hand.
//! - The application answers at once, unless [`Bound::slow_application`] is set. In one view that makes no difference to
//!   what can be said: 794 states either way.
//! - Records that are obsolete stay in the log; `hotshot-testing` prunes them.
//! - Two states of a core are one if they print the same, private parts included, in a hash of 128 bits. States of the whole
//!   are told apart by 64 bits, as `stateright` does: of 10^6 states two are confused with a chance of 3·10^-8.
//!
//! # Why the reduction is sound
//!
//! Members touch only through what they have said, and that only grows. Silent steps of one member can be put off until just
//! before its next statement: nobody sees the difference, and what enabled them still does. So a state of the whole is
//! what each member has said, and the set of states (a *cloud*) that it can be in having said it. A state that another of its
//! cloud leads to in silence is left out, for the other can do whatever it can. No member has a part in
//! what another can do but by its statements, so the sets are independent, and one cloud for each is exact. Members that
//! lead no view of the bound are interchangeable. `tests/model.rs` walks at random in single steps, without any of this, and
//! finds nothing said that the reduced exploration has not.
//!
//! # Explored completely
//!
//! `cargo run --release -p hotshot-model`: two views, of which the first can be given up, two rivals on each parent, crashes,
//! the application at once; breadth first, on two cores shared with a load of about 20:
//!
//! | Byzantine leader | transitions | states | depth | states of members | states of cores | calls of the core | time | memory |
//! |---|---|---|---|---|---|---|---|---|
//! | of no view (member 0; 3 is the same but for its name) | 150,618 | 90,796 | 18 | 94,318 | 27,503 | 186,652 | 85 s | 458 MiB |
//! | of view 1 | 221,693 | 131,695 | 17 | 250,148 | 71,669 | 438,513 | 302 s | 1.1 GiB |
//! | of view 2 | 436,064 | 252,865 | 17 | 757,705 | 336,395 | 2,224,360 | 1,496 s | 5.3 GiB |
//!
//! All properties hold. Three views were not explored completely: without crashes and rivals, 1,043,223 states in 513 s
//! were not the end.
//!
//! # That it can fail
//!
//! [`Defect`] spoils what honest members' machines remember; the core itself is untouched. The last two are in a copy
//! of the core. Depth first until agreement breaks, two views, the Byzantine member leads the first;
//! [`Cluster::explain`] tells the run, input by input:
//!
//! | defect | agreement breaks after |
//! |---|---|
//! | a restarted core is not told of its first votes, so rule B1 has nothing to go by | 4,529 states |
//! | a restarted core is not told of its lock | 1,540 states |
//! | votes are not durable before a crash | 1,514 states, one view |
//! | B1: Vote2 for what a later Vote1 excludes | 4,537 states; without crashes 1,522 |
//! | the lock does not restrain Vote1 | 1,542 states; without crashes 1,526 |

mod cloud;
mod cluster;
mod cores;
mod defect;
mod interned;
mod locals;
mod node;
mod said;
mod universe;

pub use cluster::{Cluster, Move, State};
pub use defect::Defect;
pub use said::{HONEST, Leaves, Said};
pub use universe::{Bound, Leaf, MAX_VIEWS, MEMBERS};
