//! Telling a service manager that the node has started, is alive, and stops: systemd's notification protocol.
//!
//! Datagrams to the socket in `NOTIFY_SOCKET`; without that variable nothing is said. A node is alive if its runtime still
//! runs tasks: whether it takes part is for `/readyz` to say, since a restart does not bring back a lost quorum.

use std::{
    convert::Infallible,
    env,
    ffi::OsString,
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

/// Says how the node is to whoever started it.
#[derive(Debug)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
    /// How often it must say that it is alive.
    every: Option<Duration>,
}

impl Notifier {
    /// As the environment wants it.
    pub fn from_env() -> Self {
        let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_meant = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        Self::new(
            env::var_os("NOTIFY_SOCKET"),
            number("WATCHDOG_USEC").filter(|_| is_meant),
        )
    }

    fn new(address: Option<OsString>, watchdog_micros: Option<u64>) -> Self {
        let connected = address.map(|address| connect(&address));
        let socket = connected.and_then(|connected| {
            connected
                .inspect_err(|error| tracing::warn!(%error, "the service manager is not told"))
                .ok()
        });
        Self {
            socket,
            // Twice as often as must be, so that one that is late does no harm.
            every: watchdog_micros
                .map(|micros| Duration::from_micros(micros) / 2)
                .filter(|every| !every.is_zero()),
        }
    }

    /// It takes calls.
    pub fn ready(&self) {
        self.say("READY=1");
    }

    /// It has begun to stop.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// Says that it is alive for as long as it is polled.
    pub async fn stay_alive(&self) -> Infallible {
        let Some(every) = self.every.filter(|_| self.socket.is_some()) else {
            return std::future::pending().await;
        };
        let mut ticks = tokio::time::interval(every);
        loop {
            ticks.tick().await;
            self.say("WATCHDOG=1");
        }
    }

    fn say(&self, state: &str) {
        if let Some(Err(error)) = self.socket.as_ref().map(|socket| socket.send(state.as_bytes())) {
            tracing::warn!(%error, state, "the service manager is not told");
        }
    }
}

fn connect(address: &OsString) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    let address = match address.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(address)?,
    };
    socket.connect_addr(&address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_manager_hears_of_the_start_the_life_and_the_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("bound");
        manager.set_nonblocking(true).expect("a mode");
        let heard = || {
            let mut bytes = [0; 64];
            let length = manager.recv(&mut bytes).ok()?;
            Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
        };
        let notifier = Notifier::new(Some(path.into()), Some(2_000_000));
        notifier.ready();
        assert_eq!(heard().as_deref(), Some("READY=1"));
        let life = tokio::time::timeout(Duration::from_millis(3_500), notifier.stay_alive());
        life.await.expect_err("it never ends");
        let signs = std::iter::from_fn(heard).collect::<Vec<_>>();
        assert_eq!(signs, ["WATCHDOG=1"; 4], "at 0, 1, 2 and 3 seconds");
        notifier.stopping();
        assert_eq!(heard().as_deref(), Some("STOPPING=1"));
        let nobody = Notifier::new(None, Some(1));
        nobody.ready();
    }
}
