//! The program's own logic: plain functions over plain data, without a word of Anchor.

pub mod committee;
pub mod history;
pub mod proof;
pub mod rollup;
