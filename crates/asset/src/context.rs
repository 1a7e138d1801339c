//! What a command works with: which chain, whose key, which Solana.

use std::{
    env, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use assetvm::{Address, SigningKey};
use client::{
    Chain, Client, Solana,
    testnet::{self, Note},
};
use zeroize::Zeroizing;

use crate::{
    Error,
    cli::{Cli, Who},
};

/// Most bytes of a key's file: 64 numbers, with room for spaces.
const MAX_KEY_BYTES: u64 = 4096;

/// What the options say.
pub struct Context<'a> {
    cli: &'a Cli,
    testnet: Option<Note>,
}

impl<'a> Context<'a> {
    /// Looks for the testnet if it is wanted.
    pub fn new(cli: &'a Cli) -> Result<Self, Error> {
        let testnet = cli.testnet.then(testnet::find).transpose()?;
        Ok(Self { cli, testnet })
    }

    /// The testnet.
    pub fn testnet(&self) -> Option<&Note> {
        self.testnet.as_ref()
    }

    /// The validators.
    pub fn client(&self) -> Result<Client, Error> {
        let urls = match &self.testnet {
            Some(note) => &note.validators,
            None => &self.cli.rpc,
        };
        match urls.is_empty() {
            true => Err(Error::NoValidator),
            false => Ok(Client::new(urls)?),
        }
    }

    /// The validators, and the chain that they are of: the one that was asked for, if one was.
    pub async fn chain(&self) -> Result<(Client, Chain), Error> {
        let client = self.client()?;
        let chain = client.chain().await?;
        let chain = match &self.cli.chain {
            Some(id) => chain.expect(&id.0)?,
            None => chain,
        };
        Ok((client, chain))
    }

    /// Solana.
    pub fn solana(&self) -> Result<Solana, Error> {
        let named = self.cli.solana.as_deref();
        let known = self.testnet.as_ref().map(|note| note.solana.as_str());
        let url = named.or(known).ok_or(Error::NoSolana)?;
        Ok(Solana::new(url)?)
    }

    /// The key to act with.
    pub fn key(&self) -> Result<SigningKey, Error> {
        let path = match &self.cli.key {
            Some(path) => path.clone(),
            None => default_key(),
        };
        read_key(&path)
    }

    /// The account that is meant; the key's, if none is named.
    pub fn address(&self, who: Option<Who>) -> Result<Address, Error> {
        match who {
            Some(Who::Address(address)) => Ok(address),
            Some(Who::Me) | None => Ok(self.key()?.address()),
        }
    }
}

/// Where the key is unless it is named.
pub fn default_key() -> PathBuf {
    let dir = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let config = dir("XDG_CONFIG_HOME").or_else(|| Some(dir("HOME")?.join(".config")));
    config.unwrap_or_default().join("asset-l2").join("key.json")
}

fn read_key(path: &Path) -> Result<SigningKey, Error> {
    let text = match read(path, "a key", MAX_KEY_BYTES) {
        Ok(bytes) => Zeroizing::new(String::from_utf8_lossy(&Zeroizing::new(bytes)).into_owned()),
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(Error::NoKey {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(error),
    };
    SigningKey::from_keypair_json(&text).map_err(|source| Error::Key {
        path: path.to_owned(),
        source,
    })
}

/// Reads a file of at most `max` bytes.
pub fn read(path: &Path, what: &'static str, max: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > max {
        return Err(Error::TooLong {
            path: path.to_owned(),
            what,
            max,
        });
    }
    Ok(bytes)
}
