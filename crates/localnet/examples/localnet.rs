//! Runs a local chain until Ctrl-C: `cargo run -p localnet --example localnet [RPC_PORT [WS_PORT]]`.

use std::process::ExitCode;

use localnet::{Localnet, LocalnetConfig};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut ports = std::env::args().skip(1).map(|arg| arg.parse::<u16>());
    let config = LocalnetConfig {
        rpc_port: ports.next().transpose()?,
        ws_port: ports.next().transpose()?,
        ..LocalnetConfig::default()
    };
    let chain = Localnet::start(config).await?;
    println!("rpc {}\nws  {}", chain.rpc_url(), chain.ws_url());
    tokio::signal::ctrl_c().await?;
    chain.stop().await?;
    Ok(())
}
