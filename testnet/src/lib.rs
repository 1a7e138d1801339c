//! A whole rollup on one machine: local Solana, five validators, payments and a verified summary.

pub mod cli;
pub mod lifeline;
pub mod live;
pub mod payments;
pub mod plan;
pub mod ports;
pub mod process;
pub mod reconcile;
pub mod replay;
pub mod run_dir;
pub mod sample;
pub mod stats;
pub mod summary;
pub mod window;
