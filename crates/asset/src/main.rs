//! The `asset` binary; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    asset::main_from(std::env::args_os())
}
