//! The one HTTP request that the testnet makes itself: `GET` on a validator's health and metrics address.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A loopback server that does not answer within this is not ready.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest response that is read: a page of metrics has some tens of kilobytes.
const MAX_RESPONSE: u64 = 1 << 20;

/// Status and body of `GET path`.
///
/// # Errors
/// Nobody listens there, or what answers is not HTTP.
pub async fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        stream.take(MAX_RESPONSE).read_to_end(&mut response).await?;
        parse(&String::from_utf8_lossy(&response)).ok_or_else(|| io::Error::other("not an HTTP response"))
    };
    tokio::time::timeout(TIMEOUT, exchange)
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}

fn parse(response: &str) -> Option<(u16, String)> {
    let (head, body) = response.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses() {
        for (text, expected) in [
            (
                "HTTP/1.1 200 OK\r\na: b\r\n\r\nready",
                Some((200, "ready".to_owned())),
            ),
            (
                "HTTP/1.1 503 Service Unavailable\r\n\r\n",
                Some((503, String::new())),
            ),
            ("HTTP/1.1 200 OK\r\n", None),
            ("SSH-2.0-OpenSSH\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
