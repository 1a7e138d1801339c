//! What the person at the terminal can put right: each error says what was wrong, and hints at the next step.

use std::{io, path::PathBuf};

use assetvm::KeyError;
use client::{ClientError, SolanaError, testnet::NoTestnet};

use crate::words::WordError;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is too long.
    #[error("{} has more than {max} bytes, which is the most that {what} may have", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Most bytes of that.
        max: u64,
    },
    /// A file that cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The standard output that cannot be written.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
    /// There is no key.
    #[error("there is no key at {}", path.display())]
    NoKey {
        /// Where one would be.
        path: PathBuf,
    },
    /// The key's file is none.
    #[error("{}: {source}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// A key that is there already.
    #[error("there is a key at {} already", path.display())]
    KeyExists {
        /// Where.
        path: PathBuf,
    },
    /// Neither `--rpc` nor `--testnet`.
    #[error("no validator is named")]
    NoValidator,
    /// Neither `--solana` nor `--testnet`.
    #[error("no Solana node is named")]
    NoSolana,
    /// A faucet outside a testnet.
    #[error("there is a faucet only in a testnet")]
    NoFaucet,
    /// The faucet gives nothing.
    #[error("the faucet gives nothing: {reason}")]
    Faucet {
        /// What it says.
        reason: String,
    },
    /// No testnet runs here.
    #[error(transparent)]
    Testnet(#[from] NoTestnet),
    /// The validators do not do what they were asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Solana does not answer.
    #[error(transparent)]
    Solana(#[from] SolanaError),
    /// A source that does not compile.
    #[error("{} does not compile: {reason}", path.display())]
    Compile {
        /// Which.
        path: PathBuf,
        /// The first thing that is wrong with it.
        reason: String,
    },
    /// Bytecode that is none.
    #[error("{} is neither Curve text nor bytecode: {reason}", path.display())]
    Bytecode {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that is no proof.
    #[error("{} is no proof: {reason}", path.display())]
    Proof {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Solana does not hold the root of this height.
    #[error("Solana holds no root of height {height}: its newest is {newest}, and it keeps 256")]
    NoRoot {
        /// The height.
        height: u64,
        /// The newest that it holds.
        newest: u64,
    },
    /// A function that the program does not have.
    #[error("{program} has no {kind} `{got}`")]
    NoFunction {
        /// The program's name.
        program: String,
        /// An entry or a view.
        kind: &'static str,
        /// What was asked for.
        got: String,
        /// What there is.
        known: Vec<String>,
    },
    /// An argument that is not of its type, or too many or too few.
    #[error(transparent)]
    Word(#[from] WordError),
}

/// Codes of submissions: the nonce is spent, the sender waits already, the fee is too low or cannot be paid.
const SPENT: i32 = 501;
const FEE_TOO_LOW: i32 = 107;
const FEE_NOT_PAYABLE: i32 = 108;
const NO_PROGRAM: i32 = 212;
const NOT_DECIDED: [i32; 2] = [601, 602];

impl Error {
    /// The validator's stable code, if it refused.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Client(error) => error.code(),
            _ => None,
        }
    }

    /// Whether the reader of our output has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "check the name and the permissions".to_owned(),
            Self::TooLong { .. } => "is it the right file?".to_owned(),
            Self::Write { .. } | Self::Output(_) => "check permissions and free space".to_owned(),
            Self::NoKey { .. } => {
                "`asset keys new` makes one; --key FILE names another, as ~/.config/solana/id.json".to_owned()
            }
            Self::Key { .. } => "a key is a Solana keypair file: `asset keys new` makes one".to_owned(),
            Self::KeyExists { .. } => "a key is never overwritten: choose another name with --out".to_owned(),
            Self::NoValidator => "--testnet uses the one on this machine, --rpc URL a validator".to_owned(),
            Self::NoSolana => "--testnet knows it, --solana URL names one".to_owned(),
            Self::NoFaucet => "use --testnet; elsewhere somebody has to send you $ASSET".to_owned(),
            Self::Faucet { .. } => "it gives each account something once in a while: wait".to_owned(),
            Self::Testnet(_) => "start one in another terminal: `cargo run -p testnet`".to_owned(),
            Self::Client(error) => of_client(error).to_owned(),
            Self::Solana(_) => "check --solana, and that the node runs".to_owned(),
            Self::Compile { path, .. } => format!("`curve check {}` shows it all", path.display()),
            Self::Bytecode { .. } => "`curve build` makes bytecode; deploy takes the source, too".to_owned(),
            Self::Proof { .. } => "`asset proof fetch` writes proofs".to_owned(),
            Self::NoRoot { height, newest } if height > newest => {
                "it is not there yet: try again, or fetch with --settled".to_owned()
            }
            Self::NoRoot { .. } => "fetch a fresh proof, or give the root with --root".to_owned(),
            Self::NoFunction { known, .. } if known.is_empty() => "it has none".to_owned(),
            Self::NoFunction { known, .. } => format!("it has {}", known.join(", ")),
            Self::Word(error) => error.hint(),
        }
    }
}

fn of_client(error: &ClientError) -> &'static str {
    match error {
        ClientError::Unreachable { .. } => "check --rpc, and that the validator runs",
        ClientError::Endpoint { .. } | ClientError::Endpoints { .. } => {
            "an address is like http://127.0.0.1:8845"
        }
        ClientError::Late { .. } => "`asset receipt ID --wait STAGE` waits on; --timeout waits longer",
        ClientError::Lost { .. } => "it can be sent again: it happens once at most",
        ClientError::Chain { .. } => "is it the validator of the chain that you mean?",
        ClientError::Refused { code, .. } => match *code {
            SPENT => "another transaction of this account came first: try again",
            FEE_TOO_LOW => "leave --fee out to pay the least",
            FEE_NOT_PAYABLE => "get $ASSET first: in a testnet, `asset --testnet faucet`",
            NO_PROGRAM => "check the program's address: `asset deploy` shows it",
            code if NOT_DECIDED.contains(&code) => "`asset status` shows the newest height",
            _ => "--json shows the code of the error",
        },
        ClientError::Answer { .. }
        | ClientError::Unproven(_)
        | ClientError::Certificate { .. }
        | ClientError::Genesis(_)
        | ClientError::Committee(_) => "do not believe this validator: ask another one with --rpc",
    }
}
