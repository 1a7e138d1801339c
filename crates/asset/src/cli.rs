//! The command line.

use std::{path::PathBuf, time::Duration};

use assetvm::{Address, Amount, Memo, TxId};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use client::{Stage, rpc::text::Hex32};

use crate::words;

/// Use Asset L2: accounts, transfers, programs and proofs.
///
/// Talks to the validators' JSON-RPC. What it shows of accounts is proven: each balance by a certificate that a quorum of the
/// committee has signed.
#[derive(Debug, Parser)]
#[command(
    name = "asset",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 110,
    after_help = "\
Examples:
  asset keys new                           make a key
  asset --testnet faucet                   get $ASSET from the testnet that runs on this machine
  asset --testnet transfer <ADDRESS> 12.5
  asset --testnet balance

Exit codes: 0 done, 1 the chain says no (a transaction failed, a proof does not hold), 2 it could not be asked."
)]
pub struct Cli {
    /// Use the testnet that runs on this machine.
    #[arg(long, global = true, env = "ASSET_TESTNET", conflicts_with = "rpc")]
    pub testnet: bool,
    /// JSON-RPC of a validator; may be repeated, and the next is asked if one is not there.
    #[arg(
        long,
        global = true,
        env = "ASSET_RPC",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub rpc: Vec<String>,
    /// JSON-RPC of Solana; with --testnet it is known.
    #[arg(long, global = true, env = "ASSET_SOLANA", value_name = "URL")]
    pub solana: Option<String>,
    /// The key to act with: a Solana keypair file. Without it, the one that `asset keys new` made.
    #[arg(long, global = true, env = "ASSET_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The id of the chain that it must be: 64 hexadecimal digits.
    #[arg(long, global = true, env = "ASSET_CHAIN", value_name = "ID")]
    pub chain: Option<Hex32>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colours; NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Colour,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key, or show whose it is.
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  asset keys new
  asset keys new --out alice.json
  asset keys show --key alice.json

Keys are Solana keypair files: what solana-keygen makes works here, and the other way round."
    )]
    Keys {
        /// What to do.
        #[command(subcommand)]
        command: Keys,
    },
    /// Get $ASSET from the testnet's faucet.
    #[command(after_help = "\
Examples:
  asset --testnet faucet
  asset --testnet faucet <ADDRESS>")]
    Faucet {
        /// Who gets it; without it, the key's account.
        who: Option<Who>,
    },
    /// Show what an account owns, proven.
    #[command(after_help = "\
Examples:
  asset --testnet balance
  asset --testnet balance <ADDRESS> --json | jq -r .balance")]
    Balance {
        /// Whose; without it, the key's account.
        who: Option<Who>,
    },
    /// Send $ASSET to an account.
    #[command(after_help = "\
Examples:
  asset --testnet transfer <ADDRESS> 12.5
  asset --testnet transfer <ADDRESS> 0.000000001 --memo 'the smallest unit' --wait settled")]
    Transfer {
        /// Who receives.
        to: Address,
        /// How much $ASSET, as in 12.5.
        #[arg(value_parser = words::amount)]
        amount: Amount,
        /// A note to the recipient, at most 64 bytes.
        #[arg(long, value_name = "TEXT", value_parser = memo, default_value = "", hide_default_value = true)]
        memo: Memo,
        /// How to send it.
        #[command(flatten)]
        send: Send,
    },
    /// Create $ASSET; only for the mint authority.
    #[command(after_help = "\
Example:
  asset --testnet mint <ADDRESS> 1000 --key data/testnet/<RUN>/keys/mint-authority.json")]
    Mint {
        /// Who receives.
        to: Address,
        /// How much $ASSET, as in 12.5.
        #[arg(value_parser = words::amount)]
        amount: Amount,
        /// How to send it.
        #[command(flatten)]
        send: Send,
    },
    /// Destroy $ASSET of your own.
    #[command(after_help = "\
Example:
  asset --testnet burn 0.5")]
    Burn {
        /// How much $ASSET, as in 12.5.
        #[arg(value_parser = words::amount)]
        amount: Amount,
        /// How to send it.
        #[command(flatten)]
        send: Send,
    },
    /// Put a program on the chain: a Curve source, or bytecode.
    #[command(after_help = "\
Arguments are the constructor's, by its types: 7, -7, true, 1.5 (fix), 3ASSET (an amount in base units), addresses in base58 or
me, hashes in hexadecimal, byte strings as 0x… or text:…

Examples:
  asset --testnet deploy split.curve <ADDRESS> <ADDRESS> 30
  asset --testnet deploy build/token.curvevm 1000000 --upgradeable")]
    Deploy {
        /// The source, or its bytecode.
        file: PathBuf,
        /// The constructor's arguments.
        #[arg(allow_negative_numbers = true)]
        args: Vec<String>,
        /// You may upgrade and close it. Without it, it stays what it is for good.
        #[arg(long)]
        upgradeable: bool,
        /// What the program gets of you, $ASSET.
        #[arg(long, value_name = "AMOUNT", value_parser = words::amount, default_value = "0")]
        payment: Amount,
        /// The most gas that it may use; without it, what a simulation used and a quarter more.
        #[arg(long)]
        gas: Option<u64>,
        /// How to send it.
        #[command(flatten)]
        send: Send,
    },
    /// Call an entry of a program.
    #[command(after_help = "\
Arguments are written as for deploy. With --dry-run nothing is sent: it shows what the call would do and cost.

Examples:
  asset --testnet call <PROGRAM> pay --payment 10
  asset --testnet call <PROGRAM> transfer <ADDRESS> 500 --dry-run")]
    Call {
        /// The program.
        program: Address,
        /// Its entry.
        entry: String,
        /// The entry's arguments.
        #[arg(allow_negative_numbers = true)]
        args: Vec<String>,
        /// What the program gets of you, $ASSET.
        #[arg(long, value_name = "AMOUNT", value_parser = words::amount, default_value = "0")]
        payment: Amount,
        /// The most gas that it may use; without it, what a simulation used and a quarter more.
        #[arg(long)]
        gas: Option<u64>,
        /// Send nothing, and show what would happen.
        #[arg(long)]
        dry_run: bool,
        /// How to send it.
        #[command(flatten)]
        send: Send,
    },
    /// Ask a program: a view costs nothing and changes nothing.
    #[command(after_help = "\
Arguments are written as for deploy. The answer is a validator's: it is not proven.

Example:
  asset --testnet view <PROGRAM> balance_of me")]
    View {
        /// The program.
        program: Address,
        /// Its view.
        view: String,
        /// The view's arguments.
        #[arg(allow_negative_numbers = true)]
        args: Vec<String>,
    },
    /// Show a program: what can be called, and who may upgrade it.
    #[command(after_help = "\
Example:
  asset --testnet program <PROGRAM>")]
    Program {
        /// The program.
        program: Address,
    },
    /// Show what became of a transaction.
    #[command(after_help = "\
Examples:
  asset --testnet receipt <ID>
  asset --testnet receipt <ID> --wait settled")]
    Receipt {
        /// Its id.
        id: TxId,
        /// Wait until it has come so far.
        #[arg(long, value_name = "STAGE")]
        wait: Option<Stage>,
        /// Wait at most so many seconds.
        #[arg(long, value_name = "SECS", value_parser = value_parser!(u64).range(1..=86_400), default_value_t = 60)]
        timeout: u64,
    },
    /// Get an account's proof as a file, or check one without asking any validator.
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  asset --testnet proof fetch me --out me.proof.json
  asset --testnet proof verify me.proof.json            against the root that Solana has recorded
  asset proof verify me.proof.json --root <ROOT>        offline"
    )]
    Proof {
        /// What to do.
        #[command(subcommand)]
        command: Proof,
    },
    /// Show blocks as they are decided, or an account as it changes.
    #[command(after_help = "\
Examples:
  asset --testnet watch
  asset --testnet watch --blocks 5 --json
  asset --testnet watch me")]
    Watch {
        /// An account to watch; without it, blocks.
        who: Option<Who>,
        /// End after so many blocks.
        #[arg(long, value_name = "N")]
        blocks: Option<u64>,
    },
    /// Show a block, with the certificate that makes it final.
    #[command(after_help = "\
Examples:
  asset --testnet block                    the newest
  asset --testnet block 42 --json")]
    Block {
        /// Its height; without it, the newest.
        height: Option<u64>,
    },
    /// Show where the chain stands, here and on Solana.
    #[command(after_help = "\
Examples:
  asset --testnet status
  asset --rpc http://127.0.0.1:8845 status --json")]
    Status,
    /// Print completions for a shell.
    #[command(after_help = "\
Example:
  asset completions bash > ~/.local/share/bash-completion/completions/asset")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "\
Example:
  asset man > asset.1 && man ./asset.1")]
    Man,
}

/// `asset keys`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a key; never overwrites one.
    New {
        /// Where to; without it, where it is looked for without --key.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show the key's address.
    Show,
}

/// `asset proof`
#[derive(Debug, Subcommand)]
pub enum Proof {
    /// Get an account's proof.
    Fetch {
        /// Whose; without it, the key's account.
        who: Option<Who>,
        /// Where to; without it, stdout.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Wait until Solana has recorded the root that it is against.
        #[arg(long)]
        settled: bool,
    },
    /// Check a proof: against a root of your own, or against the one that Solana has recorded.
    Verify {
        /// The file that `asset proof fetch` wrote.
        file: PathBuf,
        /// The state root to check it against; without it, Solana is asked.
        #[arg(long, value_name = "ROOT")]
        root: Option<Hex32>,
    },
}

/// How a transaction is sent.
#[derive(Args, Debug)]
pub struct Send {
    /// Wait until it has come so far: accepted, final or settled.
    #[arg(long, value_name = "STAGE", default_value = "final")]
    pub wait: Stage,
    /// Wait at most so many seconds.
    #[arg(long, value_name = "SECS", value_parser = value_parser!(u64).range(1..=86_400), default_value_t = 60)]
    pub timeout: u64,
    /// What to pay for it, $ASSET; without it, the least.
    #[arg(long, value_name = "AMOUNT", value_parser = words::amount)]
    pub fee: Option<Amount>,
}

impl Send {
    /// How long to wait.
    pub const fn limit(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// An account as a person names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The key's.
    Me,
    /// This one.
    Address(Address),
}

impl std::str::FromStr for Who {
    type Err = assetvm::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "me" => Ok(Self::Me),
            address => address.parse().map(Self::Address),
        }
    }
}

fn memo(text: &str) -> Result<Memo, String> {
    Memo::new(text).map_err(|error| error.to_string())
}
