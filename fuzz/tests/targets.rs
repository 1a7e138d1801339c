//! Each target on a bounded number of inputs, the same ones every time.

use fuzz::{Target, campaign};

fn run(name: &str) {
    let target = Target::named(name).unwrap();
    if let Err(failure) = campaign::run(target, 0, target.inputs) {
        panic!("{failure}");
    }
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),*];
            assert_eq!(run.to_vec(), fuzz::TARGETS.map(|target| target.name));
        }
    };
}

targets!(
    message,
    proposal,
    votes,
    certificates,
    timeout_certificate,
    upgrades,
    fetches,
    fetched_blocks,
    dispersed,
    share,
    wrong_encoding,
    record,
    program,
    proofs,
    step
);
