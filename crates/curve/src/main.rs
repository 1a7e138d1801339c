//! The `curve` binary; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    curve::main_from(std::env::args_os())
}
