//! The rollup's Solana program: committee, certificates, root history.
