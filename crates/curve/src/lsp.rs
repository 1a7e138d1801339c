//! A language server over standard input and output: the compiler's answers, in an editor.
//!
//! ```text
//!  editor ──didOpen, didChange──▶ Server ──check──▶ publishDiagnostics
//!         ──hover, definition, …▶   │  ask about what is open, as it was last sent
//!         ◀─────────────────────────┘
//! ```
//!
//! One message after the other, on one thread: a check takes milliseconds. Documents are sent whole, and bounded in number
//! and size; so are messages, before they are read.

mod document;
mod server;
mod transport;

use lsp_server::{Connection, Message, ProtocolError, Response};
use serde_json::json;

use self::server::Server;
use crate::{Error, Verdict};

/// Serves until the editor says that it is over.
pub fn serve() -> Result<Verdict, Error> {
    let (connection, threads) = transport::stdio();
    let ended = converse(&connection);
    drop(connection);
    let verdict = ended.map_err(|error| Error::Protocol(error.to_string()))?;
    // Why it broke off, if it did, says more than that it is over.
    let broken = threads.join().map_err(|error| Error::Protocol(error.to_string()));
    broken.map(|()| verdict)
}

fn converse(connection: &Connection) -> Result<Verdict, ProtocolError> {
    let (id, _) = connection.initialize_start()?;
    let server = json!({
        "capabilities": server::capabilities(),
        "serverInfo": { "name": "curve", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, server)?;
    let mut server = Server::default();
    for message in &connection.receiver {
        let answer = match message {
            Message::Request(request) if connection.handle_shutdown(&request)? => return Ok(Verdict::Good),
            Message::Request(request) => {
                let id = request.id.clone();
                let answer = server
                    .answer(request)
                    .unwrap_or_else(|error| Response::new_err(id, error.code() as i32, error.to_string()));
                Some(answer.into())
            }
            Message::Notification(notice) => server.notice(notice).map(Message::Notification),
            Message::Response(_) => None,
        };
        if let Some(answer) = answer
            && connection.sender.send(answer).is_err()
        {
            break;
        }
    }
    // The editor went away without a word.
    Ok(Verdict::Findings)
}
