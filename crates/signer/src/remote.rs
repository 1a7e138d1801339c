//! A guard in another process, over a unix socket that only its owner may open.
//!
//! Frames of a length (4 bytes, little-endian) and Borsh, at most [`MAX_FRAME`] bytes; an answer for each request, in order.
//! To reach a signer on another machine, forward the socket over a channel that authenticates, such as `ssh -L`.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::{
        fs::{DirBuilderExt as _, PermissionsExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use borsh::{BorshDeserialize, BorshSerialize};
use hotshot_types::{PointError, PublicKey, Signature, Statement};
use rollup_abi::Digest;

use crate::{Refusal, Signs};

/// Longest frame, bytes: a request has some hundreds, an answer with [`MAX_KEYS`] keys three thousand.
pub const MAX_FRAME: usize = 4 << 10;
/// Most keys of a signer.
pub const MAX_KEYS: usize = 16;
/// Connections that are served at a time; more are closed at once.
pub const MAX_CONNECTIONS: usize = 8;
/// How long a signer may take: then the validator stays silent and connects anew.
pub const PATIENCE: Duration = Duration::from_secs(2);

#[derive(BorshSerialize, BorshDeserialize)]
enum Request {
    Keys,
    Sign(Box<Order>),
}

#[derive(Clone, BorshSerialize, BorshDeserialize)]
struct Order {
    key: [u8; PublicKey::LEN],
    chain_id: Digest,
    statement: Statement,
}

#[derive(BorshSerialize, BorshDeserialize)]
enum Answer {
    Keys(Vec<[u8; PublicKey::LEN]>),
    Signed(Signature),
    Refused(Refusal),
}

/// The signer cannot be reached, or does not speak as one.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The socket failed.
    #[error("signer at {}: {source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has no keys, too many, or something else.
    #[error("signer at {}: {got} keys, expected 1 to {MAX_KEYS}", path.display())]
    Keys {
        /// The socket.
        path: PathBuf,
        /// How many it has.
        got: usize,
    },
    /// One of its keys is none.
    #[error("signer at {}: {source}", path.display())]
    Key {
        /// The socket.
        path: PathBuf,
        /// What is wrong.
        source: PointError,
    },
}

fn send(stream: &mut impl Write, value: &impl BorshSerialize) -> io::Result<()> {
    let body = borsh::to_vec(value)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_le_bytes(), &body[..]].concat())
}

fn receive<T: BorshDeserialize>(stream: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        let text = format!("a frame of {length} bytes, expected at most {MAX_FRAME}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    borsh::from_slice(&body)
}

/// Signs in another process.
#[derive(Debug)]
pub struct Remote {
    path: PathBuf,
    keys: Vec<PublicKey>,
    stream: Mutex<Option<UnixStream>>,
}

impl Remote {
    /// Connects to the signer at this socket and asks for its keys.
    pub fn connect(path: &Path) -> Result<Self, RemoteError> {
        let io = |source| RemoteError::Io {
            path: path.to_owned(),
            source,
        };
        let mut stream = open(path).map_err(io)?;
        let keys = match ask(&mut stream, &Request::Keys).map_err(io)? {
            Answer::Keys(keys) if (1..=MAX_KEYS).contains(&keys.len()) => keys,
            Answer::Keys(keys) => {
                let got = keys.len();
                return Err(RemoteError::Keys {
                    path: path.to_owned(),
                    got,
                });
            }
            Answer::Signed(_) | Answer::Refused(_) => {
                return Err(io(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "another answer than keys",
                )));
            }
        };
        let keys = keys.iter().map(PublicKey::from_bytes).collect::<Result<_, _>>();
        Ok(Self {
            path: path.to_owned(),
            keys: keys.map_err(|source| RemoteError::Key {
                path: path.to_owned(),
                source,
            })?,
            stream: Mutex::new(Some(stream)),
        })
    }

    /// Asks on the connection that is there; if that has ended, on a new one.
    fn ask(&self, request: &Request) -> io::Result<Answer> {
        let mut slot = self
            .stream
            .lock()
            .expect("nothing panics while it holds the connection");
        if let Some(mut stream) = slot.take()
            && let Ok(answer) = ask(&mut stream, request)
        {
            *slot = Some(stream);
            return Ok(answer);
        }
        let mut stream = open(&self.path)?;
        let answer = ask(&mut stream, request)?;
        *slot = Some(stream);
        Ok(answer)
    }
}

fn open(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn ask(stream: &mut UnixStream, request: &Request) -> io::Result<Answer> {
    send(stream, request)?;
    receive(stream)
}

impl Signs for Remote {
    fn keys(&self) -> Vec<PublicKey> {
        self.keys.clone()
    }

    fn sign(&self, key: &PublicKey, chain_id: &Digest, statement: &Statement) -> Result<Signature, Refusal> {
        let answer = self.ask(&Request::Sign(Box::new(Order {
            key: key.to_bytes(),
            chain_id: *chain_id,
            statement: statement.clone(),
        })));
        match answer {
            Ok(Answer::Signed(signature)) => Ok(signature),
            Ok(Answer::Refused(refusal)) => Err(refusal),
            Ok(Answer::Keys(_)) => Err(Refusal::Stopped {
                reason: "it answers something else".into(),
            }),
            Err(error) => Err(Refusal::Stopped {
                reason: format!("{}: {error}", self.path.display()),
            }),
        }
    }
}

/// Serves `signs` on a socket at `path`, which only this account may open, until the process ends.
///
/// # Errors
/// If the socket cannot be made, or accepts nothing more.
pub fn serve(path: &Path, signs: &Arc<impl Signs>) -> io::Result<std::convert::Infallible> {
    let listener = bind(path)?;
    let connections = Arc::new(AtomicUsize::new(0));
    loop {
        let (stream, _) = listener.accept()?;
        let (connections, signs) = (Arc::clone(&connections), Arc::clone(signs));
        if connections.fetch_add(1, Ordering::AcqRel) >= MAX_CONNECTIONS {
            connections.fetch_sub(1, Ordering::AcqRel);
            tracing::warn!("too many connections: one more is closed");
            continue;
        }
        thread::Builder::new().name("signer".into()).spawn(move || {
            let ended = converse(stream, &*signs);
            connections.fetch_sub(1, Ordering::AcqRel);
            if let Err(error) = ended
                && error.kind() != io::ErrorKind::UnexpectedEof
            {
                tracing::warn!(%error, "connection ended");
            }
        })?;
    }
}

/// A socket that nobody else could open at any time: it is made where only this account looks, and then moved to its place.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let (hidden, socket) = (PathBuf::from(&name), Path::new(&name).join("s"));
    // What a killed process may have left behind.
    for left in [fs::remove_file(&socket), fs::remove_dir(&hidden)] {
        match left {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    fs::DirBuilder::new().mode(0o700).create(&hidden)?;
    let listener = UnixListener::bind(&socket)?;
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600))?;
    fs::rename(&socket, path)?;
    fs::remove_dir(&hidden)?;
    Ok(listener)
}

fn converse(mut stream: UnixStream, signs: &impl Signs) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    loop {
        let answer = match receive(&mut stream)? {
            Request::Keys => Answer::Keys(signs.keys().iter().map(PublicKey::to_bytes).collect()),
            Request::Sign(order) => {
                // Compared as bytes: a key that this signer holds needs no check, another one is refused.
                let keys = signs.keys();
                let own = keys.iter().find(|own| own.to_bytes() == order.key);
                let signed = own
                    .ok_or(Refusal::Key)
                    .and_then(|own| signs.sign(own, &order.chain_id, &order.statement));
                match signed {
                    Ok(signature) => Answer::Signed(signature),
                    Err(refusal) => {
                        tracing::error!(%refusal, statement = ?order.statement, "refused");
                        Answer::Refused(refusal)
                    }
                }
            }
        };
        send(&mut stream, &answer)?;
    }
}
