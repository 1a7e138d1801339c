//! What one step of the core takes.

use std::{collections::BTreeMap, time::Duration};

use crate::one::One;

const VIEWS: u64 = 20_000;

pub fn print() {
    let mut one = One::new(0);
    one.times = Some(BTreeMap::new());
    for view in 1..=VIEWS {
        one.view(view, true);
    }
    assert_eq!(one.core.decided().height, VIEWS, "every view decided a block");
    println!(
        "{:>12} | {:>7} | {:>8} | {:>8} | {:>8}   (ns, with about 30 of the clock)",
        "input", "steps", "p50", "p99", "mean"
    );
    for (name, mut times) in one.times.unwrap_or_default() {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_nanos();
        let mean = times.iter().sum::<Duration>().as_nanos() / times.len() as u128;
        println!(
            "{name:>12} | {:>7} | {:>8} | {:>8} | {mean:>8}",
            times.len(),
            at(50),
            at(99)
        );
    }
}
