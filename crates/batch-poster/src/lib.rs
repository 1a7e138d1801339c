//! Decided leaves in, certified roots on Solana out; the chain is its checkpoint.
