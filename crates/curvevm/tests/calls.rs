//! Whole calls.

mod common;

use common::{World, entry, program};
use curvevm::{Program, Value};

#[test]
fn a_counter_counts() {
    let mut world = World::new();
    let counter = world.deploy(program("counter"));
    for (n, expected) in [(1, 1), (41, 42)] {
        let success = world.call(&entry(counter, "add", &[Value::U64(n)])).unwrap();
        assert_eq!(success.results, [Value::U64(expected)]);
    }
    assert_eq!(world.view(counter, "total", &[]).unwrap(), [Value::U64(42)]);
}

#[test]
fn everything_is_accepted() {
    let verified = Program::assemble(include_str!("programs/everything.casm"))
        .unwrap()
        .verify();
    verified.map_err(|error| error.to_string()).unwrap();
}
