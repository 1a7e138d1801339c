//! The same targets for libFuzzer, which sees what an input reaches. `FUZZ_TARGET` names the target; see the crate's
//! documentation.
#![no_main]

use std::sync::LazyLock;

use fuzz::Target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    Target::named(&name).unwrap_or_else(|| {
        let names = fuzz::TARGETS.map(|target| target.name).join(", ");
        eprintln!("error: FUZZ_TARGET is {name:?}\nhint: it is one of {names}");
        std::process::exit(2)
    })
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| (TARGET.run)(input));
