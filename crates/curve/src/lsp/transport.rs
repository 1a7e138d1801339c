//! Messages on standard input and output. How long one may be is bounded before it is read.

use std::{
    io::{self, BufRead, Read as _},
    thread::{self, JoinHandle},
};

use lsp_server::{Connection, Message};

/// Longest message: a source of the most bytes that one may have, each of them escaped, and what goes with it.
const MAX_MESSAGE: usize = 2 * 1024 * 1024;
/// Longest line of a message's head.
const MAX_HEAD: u64 = 1024;
/// Most lines of a head.
const MAX_LINES: usize = 16;

/// Why the conversation breaks off.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No head of a message.
    #[error("a message begins with {got:?}, expected its Content-Length")]
    Head {
        /// What came.
        got: String,
    },
    /// A message that is too long.
    #[error("a message of {got} bytes, expected at most {MAX_MESSAGE}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// No message.
    #[error("a message that cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// The threads that read and write.
pub struct Threads {
    reader: JoinHandle<Result<(), TransportError>>,
    writer: JoinHandle<Result<(), TransportError>>,
}

impl Threads {
    /// Waits until the conversation is over.
    pub fn join(self) -> Result<(), TransportError> {
        let ended = |thread: JoinHandle<_>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        ended(self.reader)?;
        ended(self.writer)
    }
}

/// A conversation over standard input and output.
pub fn stdio() -> (Connection, Threads) {
    let (ours, theirs) = Connection::memory();
    let Connection { sender, receiver } = theirs;
    let reader = thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(message) = read(&mut input)? {
            let last = matches!(&message, Message::Notification(notice) if notice.method == "exit");
            if sender.send(message).is_err() || last {
                break;
            }
        }
        Ok(())
    });
    let writer = thread::spawn(move || {
        let mut output = io::stdout().lock();
        for message in receiver {
            message.write(&mut output)?;
        }
        Ok(())
    });
    (ours, Threads { reader, writer })
}

/// The next message, if there is one.
fn read(input: &mut impl BufRead) -> Result<Option<Message>, TransportError> {
    let Some(length) = head(input)? else {
        return Ok(None);
    };
    if length > MAX_MESSAGE {
        return Err(TransportError::TooLong { got: length });
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// The length that the head of a message states.
fn head(input: &mut impl BufRead) -> Result<Option<usize>, TransportError> {
    let mut length = None;
    for turn in 0..MAX_LINES {
        let mut line = Vec::new();
        input.by_ref().take(MAX_HEAD).read_until(b'\n', &mut line)?;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        match (length, text.split_once(": ")) {
            _ if line.is_empty() && turn == 0 => return Ok(None),
            (Some(length), _) if text.is_empty() => return Ok(Some(length)),
            (_, Some((name, value))) if line.ends_with(b"\n") => {
                if name.eq_ignore_ascii_case("Content-Length") {
                    length = value.parse().ok();
                }
            }
            _ => return Err(TransportError::Head { got: text.to_owned() }),
        }
    }
    Err(TransportError::Head {
        got: "too many lines".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(length: &str, body: &str) -> String {
        format!("Content-Length: {length}\r\nContent-Type: text\r\n\r\n{body}")
    }

    fn said(text: &str) -> Result<Option<Message>, TransportError> {
        read(&mut text.as_bytes())
    }

    #[test]
    fn messages_are_read_one_by_one() {
        let body = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let text = framed(&body.len().to_string(), body).repeat(2);
        let mut input = text.as_bytes();
        for _ in 0..2 {
            let message = read(&mut input).unwrap();
            assert!(matches!(message, Some(Message::Notification(notice)) if notice.method == "exit"));
        }
        assert!(read(&mut input).unwrap().is_none());
    }

    #[test]
    fn what_is_too_long_or_no_message_is_refused_before_it_is_read() {
        let long = said(&framed("18446744073709551615", ""));
        assert!(
            matches!(long, Err(TransportError::TooLong { got: usize::MAX })),
            "{long:?}"
        );
        let limit = said(&framed(&(MAX_MESSAGE + 1).to_string(), ""));
        assert!(matches!(limit, Err(TransportError::TooLong { .. })), "{limit:?}");
        for wrong in [
            framed("18446744073709551616", ""),
            framed("x", ""),
            "\r\n".to_owned(),
            "no head".to_owned(),
            "a: b\r\n".repeat(MAX_LINES + 1),
            format!("a: {}", "b".repeat(5_000)),
        ] {
            let head = said(&wrong);
            assert!(
                matches!(head, Err(TransportError::Head { .. })),
                "{wrong:?}: {head:?}"
            );
        }
        assert!(matches!(said(&framed("9", "short")), Err(TransportError::Io(_))));
        assert!(matches!(said(&framed("1", "{")), Err(TransportError::Json(_))));
    }
}
