//! HotShot's deterministic simulator: a whole network of consensus cores in virtual time, under one seeded scheduler.
//!
//! ```text
//!  TestBuilder ─▶ TestDescription ─▶ TestLauncher ─▶ TestRunner ─▶ Summary | Violation
//!                                                      │
//!        ┌───────────── scheduler (virtual time, one ChaCha8 stream) ─────────────┐
//!        ▼                                                                        │
//!  machine: shell ─▶ core ─▶ outputs ─▶ checkers ─▶ disk · application · links ───┘
//!             ▲                             every output and every step
//!             └── ledger: who signed what    (Byzantine members: outputs pass an EventTransformer)
//! ```
//!
//! ```
//! use hotshot_testing::{NodeAction, TestBuilder};
//!
//! // Ten members; the last goes down in view 5. Its views fail, no other does.
//! TestBuilder::new("one_down", 10)
//!     .change(5, [9], NodeAction::Down)
//!     .views(20)
//!     .fails_led_by(&[9], 6)
//!     .check();
//! ```
//!
//! # What can go wrong
//!
//! Links delay, drop, duplicate, reorder and partition ([`NetworkReliability`] and its presets). Disks are slow, fail, are
//! full, and lose at a crash what was not durable, except for a random part that was ([`Parts`]). Machines crash before
//! any output, restart, join late, lose their disk ([`NodeAction`]); wall clocks are off. Members are Byzantine by an
//! [`EventTransformer`] or as twins ([`Behaviour`]). Signatures are ideal: a ledger knows who signed what, so a faulty member can
//! sign anything with its own key and forge nothing; the shell refuses what the ledger does not know, where an engine
//! would compute a pairing.
//!
//! # What is checked
//!
//! After every output and every step of an honest machine: agreement on one gapless chain whose state roots the checker computes
//! itself; one statement per member, phase and view over all of its lives; view, lock and decided height never fall; a first
//! vote is for what stands on the lock, or on what was certified later;
//! what is said is durable; certificates are signed by a quorum of those who really signed; queues and maps are bounded;
//! who hears f+1 timeouts joins them; nothing is asked for that was given; nobody halts, nobody honest is blamed, and who
//! breaks a rule in the open is; versions change only where nine tenths agreed. At the end: the blocks and exactly the failed views that the description
//! expects, and after a heal, progress by everybody within a time. `tests/scenarios/controls.rs` puts defects in and sees them found.
//!
//! The soak, `cargo xtask sim --profile P --seeds 10000`; a third of the seeds have an upgrade in them. The profiles ran one after the
//! other, at low priority on two cores that other work kept busy under a load of about twenty-five; alone on half busy ones, without
//! upgrades, they made 1,762, 1,508 and 2,568 views per second:
//!
//! | profile | seeds | views | violations | views per second |
//! |---|---|---|---|---|
//! | chaos | 10,000 | 258,895 | 0 | 388 |
//! | byzantine | 10,000 | 231,404 | 0 | 431 |
//! | epochs | 10,000 | 326,667 | 0 | 336 |
//!
//! Defects put back into the core, and in how many of the first 1,000 seeds of each profile the soak saw them. All were counted on this
//! core but those marked `*`, which were on an earlier one:
//!
//! | defect | found by | `byzantine` | `chaos` |
//! |---|---|---|---|
//! | B1: Vote2 for what a later Vote1 excludes | `votes` | 71 | 29 |
//! | B1 after a restart: first votes are not handed to the rule | `votes` | 10 | 4 |
//! | B2: what is missing is not fetched * | liveness | at least 85 (out of time) | at least 49 (out of time) |
//! | B4: proposals below the lock that their timeout certificate proves are let pass | `conduct` | 12 | 0: nobody lies |
//! | B5: rivals are not kept | `fetches` | 147 | 0: nobody lies |
//! | the lock does not restrain Vote1 | `locks` | 63 | 29 |
//! | Vote1 after a timeout vote of its view, written only / said, too | `acts`, `votes` | 340 / 353 | 409 / 415 |
//! | more than one Vote1 in a view * | `acts` | all | all |
//! | Vote2 repeated * | `acts` | all | all |
//! | f+1 timeouts are not joined | `joins` | 633 | 663 |
//! | the log forgets first votes | `monotone`, `acts` | 617 | 763 |
//! | the log forgets locks | `monotone`, liveness | 397 | 558 |
//! | a restart forgets why its view began | liveness | 7 | 0 *: quorums are not tight |
//! | said before it is durable * | `durable` | all | all |
//! | nothing is said again * | liveness | 296 of 300 | not run |
//!
//! And of epochs, in the first 1,000 seeds of `epochs`:
//!
//! | defect | found by | `epochs` |
//! |---|---|---|
//! | B3: the hand-over is not said again | liveness | 178; `timeout_epoch_split` at its first seed |
//! | a last block is followed before it is known to be final | `conduct` | 2 |
//! | a last block is not proposed again | liveness | 3 |
//! | locks are ordered by view alone, when they are raised | `monotone` | 55 |
//! | locks are ordered by view alone, when votes are restrained | `locks` | 6 |
//!
//! For the order of locks, two seeds of five are of committees that take turns and share nobody but a [`Smuggler`]: a committee has to
//! certify its last block again after the next one has certified its first, and both have to hear of it. Bare quorums of both
//! are cut off from each other ([`Partitions::adverse`]), and it is in both.
//!
//! And of upgrades:
//!
//! | defect | found by | `byzantine` | `epochs` | `chaos` |
//! |---|---|---|---|---|
//! | a version is raised without a certificate * | `version` | 78 | 30 | 0: nobody lies |
//! | two thirds of the stake are enough * | `certificates` | 308 | 218 | 304 |
//!
//! Where the protocol has two guards against one thing (B4: the rule, and the lock that the certificate itself raises), a
//! checker looks at the first one: who breaks a rule in the open must be blamed.
//!
//! # Shrinking
//!
//! A failing run is taken apart ([`shrink`]): members, liars, observers, partitions, crashes, failing disks, restarts, bad
//! links, wrong clocks and time go one by one, for as long as the same checker finds something with the same seed. What
//! was taken away has names ([`Reductions`]), and the least that fails is printed with its own command:
//!
//! ```text
//! HOTSHOT_SEED=7 HOTSHOT_REDUCE=members=4,no-partitions cargo nextest run -p hotshot-testing -E 'test(/name$/)'
//! cargo xtask sim --profile byzantine --seeds 1 --first-seed 7131 --reduce members=4,no-partitions
//! ```
//!
//! # Rules
//!
//! - One seed, one trace: [`TestBuilder::check`] runs each seed twice and compares the hash of all that happened.
//! - A [`Violation`] prints its seed and the one command that replays it: `HOTSHOT_SEED=<seed> cargo nextest run …` for a
//!   scenario, `cargo xtask sim --profile … --seeds 1 --first-seed <seed>` for the soak.
//! - Checkers and the ledger share no code with what they judge: quorums are counted again.
//!
//! # Scenarios
//!
//! Under HotShot's own names, in `tests/scenarios/`. In two phases a dead or lying leader costs its own view only, where the
//! classic protocol loses the view before it, too; so "fails" names the views that the faulty members lead.
//!
//! | HotShot's scenario | test | fails / asserts |
//! |---|---|---|
//! | 1, 3, 46 `test_success`, `push_cdn_network` | `success::test_success` | none; 50 views |
//! | 2, 3 `test_success_with_async_delay`, `_2` | `success::` the same names | none; 50 and 10 views |
//! | 5 `test_with_failures_2` | `failures::test_with_failures_2` | those led by 10, 11 |
//! | 9, 11 `test_da_task_storage_failure`, `_storage_fail` | `failures::test_da_task_storage_failure` | the node with the full disk is like a dead one |
//! | 20–23 `test_catchup`, `_one_node`, `_in_view_sync` | `catchup::` the same names | none; view 12 only while its leader is cut off |
//! | 24 `test_catchup_reload` | `catchup::test_catchup_reload` | at most view 19, led by the one that restarts |
//! | 25 `test_all_restart` | `catchup::test_all_restart` | at most two of {12, 13, 14} |
//! | 27 `test_staggered_restart` | `catchup::test_staggered_restart` | any; all decide 40 blocks |
//! | 28 `double_propose_vote` | `byzantine::double_propose_vote` | none |
//! | 29 `multiple_bad_proposals` | `byzantine::multiple_bad_proposals` | those led by 4 |
//! | 30 `dishonest_leader` | `byzantine::dishonest_leader` | {7, 12}: its own two turns |
//! | 32 `dishonest_voting` | `byzantine::dishonest_voting` | none |
//! | 33 `coordination_attack` | `byzantine::coordination_attack` | {14}: the bad turn |
//! | 34 in-flight counts | the runner: virtual time delivers each copy once | |
//! | 35, 36 `test_with_failures_half_f`, `_f` | `failures::` the same names | those led by the dead |
//! | 39 `view_delay` (disabled there) | `byzantine::view_delay` | any; 45 views by all, the delayed one, too |
//! | 40 `broken_3_chain` (disabled there) | `failures::broken_3_chain` | those led by 3, 6, 9 |
//! | 43, 44 `test_combined_network_reup`, `_half_dc` | `networks::` the same names, with links that go instead of one of two networks | 35 blocks by all after it |
//! | 45 `test_stress_combined_network_fuzzy` (ignored there) | `networks::test_stress_combined_network_fuzzy` | any; 60 blocks |
//! | 47 `test_with_failures_one` | `failures::test_with_failures_one` | those led by 19 |
//! | 48, 49 `test_timeout`, `_libp2p` | `failures::` the same names | those led by 0 |
//! | 50–53 `memory_network_{sync,async,partially_sync,chaos}` (two ignored there) | `networks::` the same names | none for sync; progress for the others |
//! | 60 `test_shorter_decide` | `failures::test_shorter_decide` | decided before view 4 |
//! | 70 `test_epoch_unequal_stake` | `success::test_epoch_unequal_stake_without_epochs` | none |
//! | N2 `safety` (B1) | `rules::conflicting_quorums_cannot_both_reach_threshold`, `rules::late_votes_after_timeouts`; `hotshot/tests/rules.rs` | agreement, progress |
//! | none (a node that restarts ahead of all others) | `rules::who_restarts_ahead_of_the_others_brings_them_along` | progress after the heal; one or two of ten seeds are stuck when the certificate that began a view is not durable |
//! | N3 `equivocation` (B5) | `byzantine::equivocation` | agreement, 60 blocks |
//! | N4 `liveness` (B2) | `byzantine::fetched_payload_restores_certification` | those of the dead node only |
//! | N6 `intake` (B6) | `byzantine::intake_is_bounded` | bounds hold under a flood |
//! | N8 `failures` | `failures::failures_of_ten`, `failures::test_with_failures_f` | those led by the dead |
//! | N9 `restarts` | `catchup::{restart_from_blank, late_start_at_view_20, restart_all_nodes_with_storage}` | all decide |
//! | N10 `perm_silence_*` | `byzantine::perm_silence` | its own views if it keeps its proposals back, else none |
//! | 16 `test_upgrade_task_with_proposal`, `_with_vote` | `upgrade::` the same names | formed, attached, decided at its first height; no timeout |
//! | 61, 70 `test_epoch_upgrade` | `upgrade::{test_epoch_upgrade, each_epoch_agrees_anew}` | an upgrade and two epoch changes; another epoch's votes do not count |
//! | 70 `test_upgrade_restart` | `upgrade::{test_upgrade_restart, crashes_around_an_upgrade}` | any; the upgrade comes once |
//! | N10 `cutover`, `upgrade` | `upgrade::` the same names, `the_last_vote_may_come_late` | the upgrade comes if nine tenths agree, whoever is silent before, during and after it |
//! | none (votes, windows, liars, laggards) | `upgrade::{not_enough_votes, expired_window, usurpers_are_refused, a_laggard_stops_and_comes_back_with_new_software, late_joiners_over_an_upgrade, observers_follow_an_upgrade}` | no upgrade; the liar's views; who does not speak the version ends, the others go on |
//! | N11 `observer` | `observer::*` | observers decide all and say nothing; lying ones have no say; no view fails |
//! | 4, 6, 15, 58, 63 `test_with_double_leader_{no_,}failures`, `_with_epochs` | `epochs::leaders::` the same names; unequal stakes give a member two turns in a row | none; those that it leads, among them 3 and 4 |
//! | 55 `test_success_with_epochs` | `epochs::test_success_with_epochs` | none; 50 views, five epochs, no timeout |
//! | 56 `test_epoch_success` | `epochs::test_epoch_success_overlap_{f,f_plus_1,2f,2f_plus_1,3f,dynamic}`, `disjoint_committees_hand_over` | none; 50 views |
//! | 57 `test_success_with_async_delay_with_epochs`, `_2` | `epochs::` the same names | none; 50 and 30 views |
//! | 59 `test_epoch_end` | `epochs::{test_epoch_end, epochs_of_one_block}` | none |
//! | 60 with epochs | `epochs::failures::test_shorter_decide_with_epochs` | decided before view 4 |
//! | 62 `test_with_failures_2_with_epochs` | `epochs::failures::` the same name | any; 25 blocks by all |
//! | 64, 65 `test_with_failures_{half_f,f}_epochs_{1,2}` | `epochs::failures::` the same names | with one table: those led by the dead, of each turn no more than are dead |
//! | 66 `test_all_restart_epochs` (commented out there) | `epochs::failures::{test_all_restart_epochs, all_restart_at_every_boundary}` | at most two of {9, 10, 11}; any |
//! | 68 `test_staggered_restart_with_epochs_1`, `_2` | `epochs::failures::` the same names | any; all decide 40 blocks |
//! | 69 `test_combined_network_{cdn_crash,reup,half_dc}_with_epochs` | `epochs::failures::` the same names, with links that slow down or go | none; 35 blocks by all after it |
//! | 70 `test_epoch_unequal_stake`, `test_epoch_catchup` | `epochs::` the same names | none; back in time for its views after nine epochs |
//! | N5 `timeout_epoch_split` (B3) | `epochs::boundary::timeout_epoch_split`; `hotshot/tests/epochs` | progress after the heal |
//! | N7 `epoch_change`, `epoch_boundary_stall`, `stake_table_changes` | `epochs::boundary::{epoch_change, epoch_boundary_stall, crash_between_any_two_outputs_of_a_hand_over}`, `epochs::stake_table_changes` | agreement, progress; last blocks are proposed again; none |
//! | N8, N9 with epochs | `epochs::failures::{failures_of_ten, restart_from_blank, late_start_at_view_20, restart_all_nodes_with_storage}_with_epochs` | as without |
//! | N12 `random` | `byzantine::random` | agreement, progress after the heal |
//! | N12 `trace_contract` | all of them: what the specification demands of a trace is what the checkers demand of every step | |
//! | none (twins have handlers and no scenario) | `twins::*` | agreement, progress after the heal |
//! | none (4.5: crash between two writes, lost writes, clock skew, full disk, forgeries) | `catchup::crash_between_any_two_outputs`, `crashes_everywhere`, `success::clock_skew`, `failures::storage_*`, `byzantine::forged_certificates_and_the_one_of_view_zero` | |
//!
//! Elsewhere: tables of single steps (12–15, 18, N1) are in `hotshot/tests/steps.rs` and `rules.rs`; the real engine, wire and
//! networks (7, 10, 41, 42, N13) in `hotshot-engine/tests` and `hotshot-libp2p/tests`.
//!
//! Payloads in shares are the engine's: 17 `test_vid_task` and N1's `vid` and `late_vid_share` are `hotshot-engine/tests/dispersal.rs`
//! and the tests of `hotshot_types::dispersal`.
//!
//! Not here, for what they need does not exist:
//!
//! | waits for | scenarios |
//! |---|---|
//! | nothing planned | a committee of its own for payloads: `dishonest_da` (31), `test_all_restart_one_da` (26, 67) |
//! | nothing planned | N10's `legacy_*`: there is no older protocol |
//! | nothing planned | builders and marketplace (8, 37, 38, 54), view synchronisation by relays (17) |

mod behaviour;
mod builder;
mod checks;
mod description;
pub mod fixtures;
mod launcher;
mod ledger;
mod node;
mod profile;
mod reduction;
mod reliability;
mod roster;
mod runner;
mod schedule;
mod shrink;
mod trace;
mod violation;

pub use behaviour::{
    BadProposalViewDos, Behaviour, DishonestLeader, DishonestVoter, DishonestVoting, DoubleProposeVote,
    Equivocator, EventTransformer, Flooder, Forger, Hoarder, InvalidState, PayloadWithholder, Pretext,
    Puppet, Silent, Smuggler, Usurper, ViewDelay, Wild,
};
pub use builder::TestBuilder;
pub use description::{
    Behaviours, ChangeNode, FailedViews, Heal, NodeAction, OverallSafetyPropertiesDescription, Partitions,
    Parts, Replay, TestDescription, Upgrading,
};
pub use launcher::TestLauncher;
pub use profile::{Profile, ProfileError};
pub use reduction::{Reduction, ReductionError, Reductions};
pub use reliability::{
    AsynchronousNetwork, Chance, ChaosNetwork, DelayMs, NetworkReliability, PartiallySynchronousNetwork,
    PerfectNetwork, SynchronousNetwork,
};
pub use roster::Stakes;
pub use runner::{Summary, TestRunner};
pub use shrink::{Shrunk, shrink};
pub use violation::Violation;

/// The one source of randomness: the same on every machine and in every version of its crate.
pub type SimRng = rand_chacha::ChaCha8Rng;
