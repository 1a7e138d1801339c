//! The real `assetctl` against the real program on local chains.
//!
//! - `help`: what each command says of itself, and what the command line refuses;
//! - `govern`: deployment, roles, posters, committees;
//! - `rollout`: upgrade and rollback, interrupted after every step, with bad programs among them;
//! - `typescript`: the TypeScript client reads a rollup's root history; needs Node, `cargo xtask client` runs it.

mod govern;
mod help;
mod rollout;
mod stage;
#[cfg(feature = "typescript")]
mod typescript;
