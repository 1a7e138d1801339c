//! The socket from the other side.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use jsonrpsee::core::client::{Client, ClientBuilder, ReceivedMessage, TransportReceiverT, TransportSenderT};
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{MAX_ANSWER, NOT_LEADER_WITHIN, SOCKET, at_socket, lines::read_line};

/// Longest that an answer may take: an exit waits for its turn.
const PATIENCE: Duration = NOT_LEADER_WITHIN.saturating_add(Duration::from_secs(5));

/// The socket cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct ConnectError {
    /// The socket.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Connects to the validator that runs on a data directory.
pub async fn connect(directory: &Path) -> Result<Client, ConnectError> {
    let connected = async {
        let stream = at_socket(directory, |path| std::os::unix::net::UnixStream::connect(path))?;
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream)
    };
    let stream = connected.await.map_err(|source| ConnectError {
        path: directory.join(SOCKET),
        source,
    })?;
    let (reader, writer) = stream.into_split();
    let client = ClientBuilder::default()
        .request_timeout(PATIENCE)
        .build_with_tokio(Sender(writer), Receiver(BufReader::new(reader)));
    Ok(client)
}

struct Sender(OwnedWriteHalf);

impl TransportSenderT for Sender {
    type Error = io::Error;

    async fn send(&mut self, mut message: String) -> io::Result<()> {
        message.push('\n');
        self.0.write_all(message.as_bytes()).await
    }
}

struct Receiver(BufReader<OwnedReadHalf>);

impl TransportReceiverT for Receiver {
    type Error = io::Error;

    async fn receive(&mut self) -> io::Result<ReceivedMessage> {
        let line = read_line(&mut self.0, MAX_ANSWER).await?;
        line.map(ReceivedMessage::Text).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the validator has closed the socket",
            )
        })
    }
}
