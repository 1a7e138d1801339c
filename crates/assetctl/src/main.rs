//! The `assetctl` binary; everything is in the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    assetctl::main_from(std::env::args_os()).await
}
