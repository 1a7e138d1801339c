//! The validator's binary.
fn main() {}
