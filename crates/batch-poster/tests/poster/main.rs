//! The poster against the real program on a local chain.

mod cost;
mod crash_points;
mod faults;
mod gate;
mod lies;
mod settles;
mod several;
mod support;
mod unreachable;
