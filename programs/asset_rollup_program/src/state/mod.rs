//! The program's own logic: plain functions over plain data, without a word of Anchor.

pub mod committee;
pub mod conflict;
pub mod epoch;
pub mod history;
pub mod migration;
pub mod proof;
pub mod replacement;
pub mod roles;
pub mod rollup;
