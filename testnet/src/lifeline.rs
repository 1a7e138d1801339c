//! The child's half of the lifeline: no validator outlives its testnet.

use std::io::Read as _;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long the process may take to end in order once its testnet is gone.
const GRACE: Duration = Duration::from_secs(10);

/// Watches stdin, whose other end the testnet holds: when it closes, this process ends in order, or else at once.
///
/// # Errors
/// No thread can be started.
pub fn hold() -> std::io::Result<()> {
    std::thread::Builder::new().name("lifeline".into()).spawn(|| {
        let mut sink = [0; 64];
        let mut stdin = std::io::stdin().lock();
        while !matches!(stdin.read(&mut sink), Ok(0) | Err(_)) {}
        eprintln!("the testnet is gone: ending");
        // An error is impossible for one's own process and a signal that exists.
        let _ = kill(Pid::this(), Signal::SIGTERM);
        std::thread::sleep(GRACE);
        std::process::exit(1);
    })?;
    Ok(())
}
