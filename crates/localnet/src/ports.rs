//! The start-up check of the ports: says which is taken before the chain starts.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use crate::{LocalnetError, PortUse};

/// The two ports of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) rpc: u16,
    pub(crate) ws: u16,
}

impl Ports {
    /// Finds the ports: those asked for, if they are free, else free ones. Both are held while the second is looked for,
    /// so they differ. Between this check and the servers' start another process may take one; the servers refuse then.
    pub(crate) fn find(rpc: Option<u16>, ws: Option<u16>) -> Result<Self, LocalnetError> {
        if let (Some(rpc), Some(ws)) = (rpc, ws)
            && rpc == ws
        {
            return Err(LocalnetError::SamePort { port: rpc });
        }
        let (_rpc_held, rpc) = listen(PortUse::Rpc, rpc)?;
        let (_ws_held, ws) = listen(PortUse::Websocket, ws)?;
        Ok(Self { rpc, ws })
    }

    /// Whether both can be listened on.
    pub(crate) fn are_free(self) -> bool {
        Self::find(Some(self.rpc), Some(self.ws)).is_ok()
    }
}

fn listen(port_use: PortUse, port: Option<u16>) -> Result<(TcpListener, u16), LocalnetError> {
    let wanted = port.unwrap_or(0);
    let refused = |source: std::io::Error| match source.kind() {
        ErrorKind::AddrInUse => LocalnetError::PortTaken {
            port_use,
            port: wanted,
        },
        _ => LocalnetError::PortRefused {
            port_use,
            port: wanted,
            source,
        },
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).map_err(refused)?;
    let port = listener.local_addr().map_err(refused)?.port();
    Ok((listener, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ() {
        let ports = Ports::find(None, None).unwrap();
        assert_ne!(ports.rpc, ports.ws);
        assert!(ports.are_free());
    }

    #[test]
    fn a_taken_port_is_named_with_its_use() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let rpc = Ports::find(Some(port), None).unwrap_err();
        assert!(matches!(rpc, LocalnetError::PortTaken { port_use: PortUse::Rpc, port: p } if p == port));
        let ws = Ports::find(None, Some(port)).unwrap_err();
        assert!(
            matches!(ws, LocalnetError::PortTaken { port_use: PortUse::Websocket, port: p } if p == port)
        );
        let text = ws.to_string();
        assert!(
            text.contains(&port.to_string()) && text.contains("websocket"),
            "{text}"
        );
    }

    #[test]
    fn one_port_for_both_is_refused() {
        let error = Ports::find(Some(9), Some(9)).unwrap_err();
        assert!(matches!(error, LocalnetError::SamePort { port: 9 }));
    }
}
