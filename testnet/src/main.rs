//! A whole rollup on one machine: local Solana, five validators, payments and a verified summary.
fn main() {}
