//! Finality in message delays: the simulator, with links of one fixed delay and parts that take no time.

use std::time::Duration;

use hotshot_testing::{DelayMs, Parts, Summary, SynchronousNetwork, TestBuilder, fixtures::EPOCH_MS};

const DELAY_MS: u64 = 100;
const BLOCKS: usize = 50;
const WARM_UP: usize = 10;

pub fn print() {
    println!("members | proposal to finality everywhere | between proposals   (message delays)");
    for members in [4, 5, 7, 16, 32] {
        let (finality, interval) = measure(members);
        println!("{members:>7} | {finality:>31.2} | {interval:>17.2}");
    }
}

fn measure(members: usize) -> (f64, f64) {
    // The run ends when the last member has decided the last block; a longer one of the same seed tells when that block,
    // which the first member's application does not have yet at that end, was proposed.
    let end = run(members, BLOCKS as u64).elapsed;
    let proposed = run(members, 2 * BLOCKS as u64).timestamps_ms;
    let last = proposed[BLOCKS - 1];
    let finality = end.as_secs_f64() * 1e3 - (last - EPOCH_MS) as f64;
    let between = (last - proposed[WARM_UP]) as f64 / (BLOCKS - 1 - WARM_UP) as f64;
    (finality / DELAY_MS as f64, between / DELAY_MS as f64)
}

fn run(members: usize, blocks: u64) -> Summary {
    let at_once = DelayMs { low: 0, high: 0 };
    let delay = DelayMs {
        low: DELAY_MS,
        high: DELAY_MS,
    };
    TestBuilder::new("finality", members)
        .network(SynchronousNetwork { delay })
        .parts(Parts {
            storage: at_once,
            validated_state: at_once,
            block_header: at_once,
            application: at_once,
            ..Parts::default()
        })
        .with(|description| {
            description.timing_data.view_timeout = Duration::from_secs(5);
            description.timing_data.max_view_timeout = Duration::from_secs(5);
        })
        .views(blocks)
        .run(1)
        .expect("nothing goes wrong")
}
