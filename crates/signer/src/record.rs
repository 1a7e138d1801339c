//! What has been signed, and what that forbids.
//!
//! | statement | slot | what the slot forbids |
//! |---|---|---|
//! | proposal | view | another leaf |
//! | Vote1, Vote2 | epoch, view | another leaf |
//! | timeout | epoch, view | a lower lock than before |
//!
//! A timeout's lock is never below a leaf for which a Vote2 was signed, either. Upgrade votes and peer ids exclude nothing.
//!
//! The file is a header and entries of one size, appended and synced one by one:
//!
//! ```text
//! header  "AL2SIGN1" ‖ chain id 32
//! entry   kind 1 ‖ epoch 8 ‖ view 8 ‖ subject 32 ‖ check 8        integers little-endian, check = sha256 of the rest
//! ```
//!
//! The last entry may be torn: its signature was never given. Of each kind the [`KEPT`] highest slots are kept; what is
//! below them is refused whatever it says.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use borsh::{BorshDeserialize, BorshSerialize};
use hotshot_types::{Epoch, Statement, TimeoutData, View, VoteData};
use rollup_abi::{Digest, sha256};

/// Slots kept of each kind: hours of views, in which a node may have to say again what it has said.
pub const KEPT: usize = 4_096;
/// Entries after which the file is written anew.
const MAX_ENTRIES: u64 = 16 * KEPT as u64;

const MAGIC: &[u8; 8] = b"AL2SIGN1";
const HEADER: usize = 8 + 32;
const ENTRY: usize = 1 + 8 + 8 + 32 + 8;
/// Set in the kind of an entry below whose slot, and in it, all is refused.
const FLOOR: u8 = 0x80;

/// Kinds of statements that exclude others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Kind {
    /// Proposals.
    Proposal,
    /// Votes of the first phase.
    Vote1,
    /// Votes of the second phase.
    Vote2,
    /// Timeout votes.
    Timeout,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Proposal, Self::Vote1, Self::Vote2, Self::Timeout];
}

/// Why a statement is not signed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, thiserror::Error)]
pub enum Refusal {
    /// It contradicts what has been signed.
    #[error(
        "{kind:?} of epoch {epoch}, view {view} is signed already, for {} and not for {}",
        short(signed),
        short(asked)
    )]
    Contradiction {
        /// Which kind.
        kind: Kind,
        /// Its epoch.
        epoch: Epoch,
        /// Its view.
        view: View,
        /// What was signed.
        signed: Digest,
        /// What is asked for.
        asked: Digest,
    },
    /// It is so old that what was signed then is forgotten.
    #[error("{kind:?} of epoch {epoch}, view {view} is too old: only what is above epoch {}, view {} is signed", floor.0, floor.1)]
    TooOld {
        /// Which kind.
        kind: Kind,
        /// Its epoch.
        epoch: Epoch,
        /// Its view.
        view: View,
        /// The last forgotten slot.
        floor: (Epoch, View),
    },
    /// A timeout that hides a lock.
    #[error("a timeout with the lock of epoch {}, view {}, after a Vote2 in epoch {}, view {}", lock.0, lock.1, voted.0, voted.1)]
    Lock {
        /// The lock that it names.
        lock: (Epoch, View),
        /// The highest Vote2.
        voted: (Epoch, View),
    },
    /// Another chain's.
    #[error("chain {}, expected {}", short(got), short(expected))]
    Chain {
        /// The chain asked for.
        got: Digest,
        /// The record's.
        expected: Digest,
    },
    /// The key is not here.
    #[error("the signer does not hold this key")]
    Key,
    /// The record cannot be written: nothing is signed any more.
    #[error("the signer cannot write its record: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}

fn short(digest: &Digest) -> String {
    hex::encode(&digest[..8])
}

/// Why a record cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not there.
    #[error("{} is missing: without it these keys do not know what they have signed", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Another process has it.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a record, or one that was changed.
    #[error("{}: {what} at byte {at}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: u64,
    },
    /// Another chain's.
    #[error("{} is of chain {}, expected {}", path.display(), hex::encode(got), hex::encode(expected))]
    Chain {
        /// The file.
        path: PathBuf,
        /// Its chain.
        got: Digest,
        /// The chain asked for.
        expected: Digest,
    },
}

type Rank = (Epoch, View);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    is_floor: bool,
    rank: Rank,
    subject: Digest,
}

impl Entry {
    /// What a statement would write, if it excludes anything.
    fn of(statement: &Statement) -> Option<Self> {
        let vote = |kind, data: &VoteData| (kind, data.rank(), data.leaf);
        let (kind, rank, subject) = match statement {
            Statement::Proposal { view, leaf } => (Kind::Proposal, (Epoch::ZERO, *view), *leaf),
            Statement::Vote1(data) => vote(Kind::Vote1, data),
            Statement::Vote2(data) => vote(Kind::Vote2, data),
            Statement::Timeout(data) => (Kind::Timeout, (data.epoch, data.view), lock_subject(data)),
            Statement::Upgrade(_) | Statement::Peer { .. } => return None,
        };
        Some(Self {
            kind,
            is_floor: false,
            rank,
            subject,
        })
    }

    fn encode(&self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[0] = self.kind as u8 | if self.is_floor { FLOOR } else { 0 };
        bytes[1..9].copy_from_slice(&self.rank.0.get().to_le_bytes());
        bytes[9..17].copy_from_slice(&self.rank.1.get().to_le_bytes());
        bytes[17..49].copy_from_slice(&self.subject);
        let check = sha256(&[MAGIC, &bytes[..49]]);
        bytes[49..].copy_from_slice(&check[..8]);
        bytes
    }

    fn decode(bytes: &[u8; ENTRY]) -> Option<Self> {
        let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let entry = Self {
            kind: *Kind::ALL.get(usize::from(bytes[0] & !FLOOR))?,
            is_floor: bytes[0] & FLOOR != 0,
            rank: (Epoch::new(number(1)?), View::new(number(9)?)),
            subject: bytes[17..49].try_into().ok()?,
        };
        (entry.encode() == *bytes).then_some(entry)
    }
}

/// A lock's place in the order of locks, as it stands in an entry.
fn lock_subject(data: &TimeoutData) -> Digest {
    let mut subject = [0; 32];
    subject[..8].copy_from_slice(&data.lock_epoch.get().to_be_bytes());
    subject[8..16].copy_from_slice(&data.lock_view.get().to_be_bytes());
    subject
}

fn lock_of(subject: &Digest) -> Rank {
    let number = |at: usize| {
        subject[at..at + 8]
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    (Epoch::new(number(0)), View::new(number(8)))
}

/// What has been signed, in memory: pure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Signed([Slots; Kind::ALL.len()]);

/// Of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Slots {
    kept: BTreeMap<Rank, Digest>,
    floor: Option<Rank>,
}

impl Signed {
    /// Whether an entry is new; else it was signed before, and may be again.
    fn judge(&self, entry: &Entry) -> Result<bool, Refusal> {
        let Entry {
            kind,
            rank: (epoch, view),
            subject,
            ..
        } = *entry;
        let votes2 = &self.0[Kind::Vote2 as usize].kept;
        if let (Kind::Timeout, Some((voted, _))) = (kind, votes2.last_key_value()) {
            let (lock, voted) = (lock_of(&subject), *voted);
            if lock < voted {
                return Err(Refusal::Lock { lock, voted });
            }
        }
        let slots = &self.0[kind as usize];
        match slots.kept.get(&entry.rank) {
            Some(signed) if *signed == subject => Ok(false),
            // Its bytes are in the order of locks.
            Some(signed) if kind == Kind::Timeout && subject > *signed => Ok(true),
            Some(signed) => Err(Refusal::Contradiction {
                kind,
                epoch,
                view,
                signed: *signed,
                asked: subject,
            }),
            None => match slots.floor {
                Some(floor) if entry.rank <= floor => Err(Refusal::TooOld {
                    kind,
                    epoch,
                    view,
                    floor,
                }),
                _ => Ok(true),
            },
        }
    }

    fn take(&mut self, entry: &Entry) {
        let slots = &mut self.0[entry.kind as usize];
        if entry.is_floor {
            slots.floor = Some(entry.rank);
            return;
        }
        slots.kept.insert(entry.rank, entry.subject);
        if slots.kept.len() > KEPT {
            slots.floor = slots.kept.pop_first().map(|(oldest, _)| oldest);
        }
    }

    /// The entries that say the same.
    fn entries(&self) -> impl Iterator<Item = Entry> {
        Kind::ALL.into_iter().zip(&self.0).flat_map(|(kind, slots)| {
            let entry = move |is_floor, rank, subject| Entry {
                kind,
                is_floor,
                rank,
                subject,
            };
            let floor = slots.floor.map(|rank| entry(true, rank, [0; 32]));
            let kept = slots.kept.iter();
            floor
                .into_iter()
                .chain(kept.map(move |(rank, subject)| entry(false, *rank, *subject)))
        })
    }
}

/// The record of a chain, open and locked.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    file: File,
    chain_id: Digest,
    signed: Signed,
    entries: u64,
}

impl Record {
    /// Makes an empty record; one that is there is never replaced.
    pub fn create(path: &Path, chain_id: &Digest) -> Result<Self, RecordError> {
        let io = |operation| io_error(operation, path);
        let mut file = private().create_new(true).open(path).map_err(io("create"))?;
        file.write_all(&[&MAGIC[..], chain_id].concat())
            .and_then(|()| file.sync_all())
            .map_err(io("write"))?;
        sync_directory(path).map_err(io("sync the directory of"))?;
        drop(file);
        Self::open(path, chain_id)
    }

    /// Opens the record of a chain.
    pub fn open(path: &Path, chain_id: &Digest) -> Result<Self, RecordError> {
        let io = |operation| io_error(operation, path);
        let mut file = match private().open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(RecordError::Missing {
                    path: path.to_owned(),
                });
            }
            opened => opened.map_err(io("open"))?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RecordError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        let mut bytes = Vec::new();
        let most = u64::try_from(HEADER + ENTRY)
            .unwrap_or(u64::MAX)
            .saturating_mul(2 * MAX_ENTRIES);
        (&file).take(most).read_to_end(&mut bytes).map_err(io("read"))?;
        let (signed, entries) = read(path, &bytes, chain_id)?;
        let end = u64::try_from(HEADER).unwrap_or(u64::MAX) + entries * ENTRY as u64;
        file.set_len(end).map_err(io("cut the torn end of"))?;
        file.seek(SeekFrom::Start(end)).map_err(io("read"))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            chain_id: *chain_id,
            signed,
            entries,
        })
    }

    /// Its chain.
    pub fn chain_id(&self) -> &Digest {
        &self.chain_id
    }

    /// Allows a statement, durably, or refuses it. After an error in writing it refuses everything until it is opened again.
    pub fn allow(&mut self, chain_id: &Digest, statement: &Statement) -> Result<(), Refusal> {
        if *chain_id != self.chain_id {
            return Err(Refusal::Chain {
                got: *chain_id,
                expected: self.chain_id,
            });
        }
        let Some(entry) = Entry::of(statement) else {
            return Ok(());
        };
        if !self.signed.judge(&entry)? {
            return Ok(());
        }
        let written = self.append(&entry);
        written.map_err(|error| Refusal::Stopped {
            reason: error.to_string(),
        })
    }

    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        // Once a write has failed, nobody knows what is in the file: it is full for this process.
        let entries = std::mem::replace(&mut self.entries, u64::MAX);
        if entries == u64::MAX {
            return Err(io::Error::other("an earlier write has failed"));
        }
        self.signed.take(entry);
        if entries >= MAX_ENTRIES {
            self.entries = self.rewrite()?;
            return Ok(());
        }
        self.file.write_all(&entry.encode())?;
        self.file.sync_data()?;
        self.entries = entries + 1;
        Ok(())
    }

    /// Writes what is kept into a new file and puts it in the place of the old one.
    fn rewrite(&mut self) -> io::Result<u64> {
        let fresh = self.path.with_extension("new");
        let mut file = private().create(true).truncate(true).open(&fresh)?;
        let mut bytes = [&MAGIC[..], &self.chain_id].concat();
        let mut entries = 0;
        for entry in self.signed.entries() {
            bytes.extend_from_slice(&entry.encode());
            entries += 1;
        }
        file.write_all(&bytes)?;
        file.sync_all()?;
        // Locked before it can be found.
        file.try_lock().map_err(io::Error::from)?;
        fs::rename(&fresh, &self.path)?;
        sync_directory(&self.path)?;
        self.file = file;
        Ok(entries)
    }
}

fn read(path: &Path, bytes: &[u8], chain_id: &Digest) -> Result<(Signed, u64), RecordError> {
    let damaged = |what, at: usize| RecordError::Damaged {
        path: path.to_owned(),
        what,
        at: u64::try_from(at).unwrap_or(u64::MAX),
    };
    let (header, rest) = bytes
        .split_at_checked(HEADER)
        .ok_or_else(|| damaged("no header", 0))?;
    let got = header
        .strip_prefix(MAGIC)
        .and_then(|chain| Digest::try_from(chain).ok());
    let got = got.ok_or_else(|| damaged("no header", 0))?;
    if got != *chain_id {
        return Err(RecordError::Chain {
            path: path.to_owned(),
            got,
            expected: *chain_id,
        });
    }
    let mut signed = Signed::default();
    let (entries, _) = rest.as_chunks::<ENTRY>();
    for (index, bytes) in entries.iter().enumerate() {
        match Entry::decode(bytes) {
            Some(entry) => signed.take(&entry),
            None if index + 1 == entries.len() => return Ok((signed, index as u64)),
            None => return Err(damaged("a damaged entry", HEADER + index * ENTRY)),
        }
    }
    Ok((signed, entries.len() as u64))
}

fn io_error(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RecordError {
    let path = path.to_owned();
    move |source| RecordError::Io {
        operation,
        path,
        source,
    }
}

/// Options for a file that only its owner may read and write.
fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
