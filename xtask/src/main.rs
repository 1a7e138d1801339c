//! The repository's chores: tidy, build-program.
fn main() {}
