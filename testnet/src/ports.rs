//! Free loopback ports for processes that are yet to start.
//!
//! They are taken from below the range that systems use for outgoing connections, so that a validator's port is still free
//! when it is started again after a kill.

use std::net::{Ipv4Addr, TcpListener};

/// Below this is for well-known services.
const FIRST: u16 = 10_000;
/// From here on the system hands out ports to outgoing connections (Linux's default).
const END: u16 = 32_000;

/// Not enough free ports.
#[derive(Debug, thiserror::Error)]
#[error("found {got} free loopback ports of {FIRST}..{END}, need {expected}")]
pub struct NoPorts {
    got: usize,
    expected: usize,
}

/// Ports that are held until the reservation is dropped, just before whoever they are for binds them.
#[derive(Debug)]
pub struct Reservation(Vec<(u16, TcpListener)>);

impl Reservation {
    /// Reserves `count` ports. The search starts at a place that depends on the process, so that several at once rarely meet.
    pub fn take(count: usize) -> Result<Self, NoPorts> {
        let span = u32::from(END - FIRST);
        let start = std::process::id().wrapping_mul(97) % span;
        let held: Vec<_> = (0..span)
            .filter_map(|step| {
                let port = FIRST + u16::try_from((start + step) % span).ok()?;
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
                Some((port, listener))
            })
            .take(count)
            .collect();
        match held.len() {
            got if got == count => Ok(Self(held)),
            got => Err(NoPorts { got, expected: count }),
        }
    }

    /// The ports.
    pub fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().map(|(port, _)| *port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_ports_are_distinct_and_free_again_when_dropped() {
        let first = Reservation::take(20).unwrap();
        let second = Reservation::take(20).unwrap();
        let mut all: Vec<_> = first.ports().chain(second.ports()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 40);
        let port = first.ports().next().unwrap();
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap_err();
        drop(first);
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
