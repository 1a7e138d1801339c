//! The validator's binary; everything is in the library, so that other binaries can run a validator, too.

use std::process::ExitCode;

fn main() -> ExitCode {
    sequencer::cli::main_from(std::env::args_os())
}
