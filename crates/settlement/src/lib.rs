//! Client of the rollup program on Solana: typed accounts, instructions and the send loop.
