//! The network between validators, to be disturbed: every validator reaches every other one through a relay of its own.
//!
//! ```text
//!  validator i ──▶ relay i→j ──▶ validator j        for all i ≠ j, on loopback
//!                    │ cut: nothing passes, and connections stay as they are; delay: what passes, passes later
//! ```
//!
//! A relay passes bytes, so what the network loses shows as TCP shows it: as time. A held link behaves as a network that
//! drops every packet; connections only break when one end gives them up.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand::Rng as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// Bytes that are passed at a time.
const CHUNK: usize = 16 << 10;
/// Chunks that are on their way on a delayed link, at most; then the sender waits, as with a full window.
const MAX_DELAYED: usize = 256;
/// Connections through one relay at a time, at most.
const MAX_CONNECTIONS: usize = 16;
/// How much later a packet comes that had to be sent again: TCP's least retransmission timeout on Linux.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// How a link is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Nothing passes.
    pub cut: bool,
    /// How much later everything comes.
    pub delay: Duration,
    /// Of a thousand chunks, how many are lost and have to be sent again.
    pub lost_per_mille: u16,
}

/// Relays between all validators. They end with it.
#[derive(Debug)]
pub struct Links {
    count: usize,
    /// By `from × count + to`; none from a validator to itself.
    links: Vec<Option<Link>>,
}

#[derive(Debug)]
struct Link {
    address: SocketAddr,
    condition: watch::Sender<Condition>,
    _relay: AbortOnDropHandle<()>,
}

impl Links {
    /// Relays to these ports, one for each pair of validators.
    ///
    /// # Errors
    /// There are not enough ports.
    pub async fn start(ports: &[u16]) -> io::Result<Self> {
        let count = ports.len();
        let mut links = Vec::with_capacity(count * count);
        for from in 0..count {
            for (to, port) in ports.iter().enumerate() {
                let link = if from == to {
                    None
                } else {
                    Some(Link::start(*port).await?)
                };
                links.push(link);
            }
        }
        Ok(Self { count, links })
    }

    /// Where `from` reaches `to`; `None` of itself.
    pub fn address(&self, from: usize, to: usize) -> Option<SocketAddr> {
        let link = self.links.get(from * self.count + to)?;
        link.as_ref().map(|link| link.address)
    }

    /// Sets the links between members of `one` and everybody else, in both directions.
    pub fn between(&self, one: &[usize], condition: Condition) {
        self.set(|from, to| (one.contains(&from) != one.contains(&to)).then_some(condition));
    }

    /// Sets all links.
    pub fn all(&self, condition: Condition) {
        self.set(|_, _| Some(condition));
    }

    fn set(&self, choose: impl Fn(usize, usize) -> Option<Condition>) {
        for (index, link) in self.links.iter().enumerate() {
            let chosen = choose(index / self.count, index % self.count);
            if let (Some(link), Some(condition)) = (link, chosen) {
                link.condition.send_replace(condition);
            }
        }
    }
}

impl Link {
    async fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (condition, conditions) = watch::channel(Condition::default());
        Ok(Self {
            address: listener.local_addr()?,
            condition,
            _relay: AbortOnDropHandle::new(tokio::spawn(relay(listener, port, conditions))),
        })
    }
}

async fn relay(listener: TcpListener, port: u16, conditions: watch::Receiver<Condition>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((from, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        // Who cannot be reached, or comes when there are too many, is closed upon, as by a host that is not there.
        if connections.len() < MAX_CONNECTIONS {
            let conditions = conditions.clone();
            connections.spawn(async move {
                if let Ok(to) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    pass_both_ways(from, to, conditions).await;
                }
            });
        }
    }
}

async fn pass_both_ways(from: TcpStream, to: TcpStream, conditions: watch::Receiver<Condition>) {
    // Small frames must not wait for each other here: the validators see to that themselves.
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
    tokio::select! {
        () = pass(from_read, to_write, conditions.clone()) => {}
        () = pass(to_read, from_write, conditions) => {}
    }
}

/// Passes bytes one way until either end closes.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut conditions: watch::Receiver<Condition>) {
    let (queue, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(MAX_DELAYED);
    let mut rules = conditions.clone();
    let reading = async move {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match from.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(read) => read,
            };
            let Condition {
                delay,
                lost_per_mille,
                ..
            } = *rules.borrow_and_update();
            let lost = rand::thread_rng().gen_range(0..1_000) < lost_per_mille;
            let late = delay + if lost { RETRANSMISSION } else { Duration::ZERO };
            let sent = queue.send((Instant::now() + late, chunk[..read].to_vec())).await;
            if sent.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((at, bytes)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            let open = conditions.wait_for(|condition| !condition.cut).await.is_ok();
            if !open || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(reading, writing);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ports that echo, linked.
    async fn echoes() -> Links {
        let mut ports = Vec::new();
        for _ in 0..2 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            ports.push(listener.local_addr().unwrap().port());
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(async move {
                        let (mut read, mut write) = stream.split();
                        let _ = tokio::io::copy(&mut read, &mut write).await;
                    });
                }
            });
        }
        Links::start(&ports).await.unwrap()
    }

    async fn echo(stream: &mut TcpStream) -> Duration {
        let asked = Instant::now();
        stream.write_all(b"hello").await.unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hello");
        asked.elapsed()
    }

    #[tokio::test]
    async fn what_is_cut_waits_and_what_is_delayed_is_late() {
        let links = echoes().await;
        assert!(links.address(0, 0).is_none() && links.address(0, 1) != links.address(1, 0));
        let mut stream = TcpStream::connect(links.address(0, 1).unwrap()).await.unwrap();
        echo(&mut stream).await;
        links.all(Condition {
            delay: Duration::from_millis(60),
            ..Condition::default()
        });
        assert!(
            echo(&mut stream).await >= Duration::from_millis(120),
            "there and back"
        );
        let cut = Condition {
            cut: true,
            ..Condition::default()
        };
        links.between(&[0], cut);
        let held = tokio::time::timeout(Duration::from_millis(300), echo(&mut stream)).await;
        assert!(held.is_err(), "passed a link that is cut");
        links.all(Condition::default());
        let mut late = [0; 5];
        stream.read_exact(&mut late).await.unwrap();
        assert_eq!(&late, b"hello", "what had been held comes after all");
        links.between(&[0, 1], cut);
        echo(&mut stream).await;
    }
}
