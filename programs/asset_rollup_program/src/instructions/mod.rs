//! One instruction, one file: its accounts, and `validate`, `apply`, `invariant` in that order.

pub mod activate_committee;
pub mod initialize;
pub mod pause;
pub mod register_member;
pub mod resume;
pub mod submit_roots;

pub use activate_committee::*;
pub use initialize::*;
pub use pause::*;
pub use register_member::*;
pub use resume::*;
pub use submit_roots::*;
