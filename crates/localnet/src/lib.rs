//! A local Solana chain, embedded: real JSON-RPC, the real virtual machine, the real loader.
