//! The ledger of `curve run` as a file, so that several calls make a story.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use curve_lang::testing::{START_HEIGHT, START_MS};
use curvevm::{Address, MemoryHost};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    error::StateProblem,
    files::{self, MAX_STATE},
};

/// The version of the format.
const VERSION: u32 = 1;

/// Everything that outlives a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The block's height.
    pub height: u64,
    /// The block's time in milliseconds.
    pub time_ms: u64,
    /// Whether `init` has run.
    pub deployed: bool,
    /// Accounts that were called by a name.
    pub names: BTreeMap<Address, String>,
    /// What everybody owns.
    pub balances: BTreeMap<Address, u64>,
    /// What the program stored.
    pub storage: BTreeMap<[u8; 32], Vec<u8>>,
}

/// As the file has it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    program: String,
    deployed: bool,
    height: u64,
    time_ms: u64,
    accounts: Vec<Account>,
    storage: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    address: String,
    balance: u64,
}

impl Default for State {
    /// A new ledger, which begins when tests do.
    fn default() -> Self {
        Self {
            height: START_HEIGHT,
            time_ms: START_MS,
            deployed: false,
            names: BTreeMap::new(),
            balances: BTreeMap::new(),
            storage: BTreeMap::new(),
        }
    }
}

impl State {
    /// From its file, or a new one.
    pub fn read(path: &Path, program: &str) -> Result<Self, Error> {
        let Some(text) = files::read_text(path, "a ledger", MAX_STATE)? else {
            return Ok(Self::default());
        };
        parse(&text, program).map_err(|problem| Error::State {
            path: path.to_owned(),
            problem,
        })
    }

    /// To its file.
    pub fn write(&self, path: &Path, program: &str) -> Result<(), Error> {
        let addresses: BTreeSet<&Address> = self.names.keys().chain(self.balances.keys()).collect();
        let account = |address: &Address| Account {
            name: self.names.get(address).cloned(),
            address: address.to_string(),
            balance: self.balances.get(address).copied().unwrap_or(0),
        };
        let form = Form {
            version: VERSION,
            program: program.to_owned(),
            deployed: self.deployed,
            height: self.height,
            time_ms: self.time_ms,
            accounts: addresses.into_iter().map(account).collect(),
            storage: self
                .storage
                .iter()
                .map(|(key, value)| (hex::encode(key), hex::encode(value)))
                .collect(),
        };
        let text = serde_json::to_string_pretty(&form).expect("our own structs have a JSON form");
        files::write(path, format!("{text}\n").as_bytes())
    }

    /// Puts what it holds on a machine's ledger.
    pub fn load(&self, host: &mut MemoryHost, own: Address) {
        (host.height, host.time_ms) = (self.height, self.time_ms);
        host.balances.clone_from(&self.balances);
        let entries = self
            .storage
            .iter()
            .map(|(key, value)| ((own, *key), value.clone()));
        host.storage.extend(entries);
    }

    /// Takes what is on a machine's ledger.
    pub fn save(&mut self, host: &MemoryHost, own: Address) {
        (self.height, self.time_ms) = (host.height, host.time_ms);
        self.balances.clone_from(&host.balances);
        let entries = host.storage.iter().filter(|((program, _), _)| *program == own);
        self.storage = entries.map(|((_, key), value)| (*key, value.clone())).collect();
    }
}

fn parse(text: &str, program: &str) -> Result<State, StateProblem> {
    let form: Form = serde_json::from_str(text)?;
    if form.version != VERSION {
        return Err(StateProblem::Version {
            got: form.version,
            expected: VERSION,
        });
    }
    if form.program != program {
        return Err(StateProblem::Program {
            got: form.program,
            expected: program.to_owned(),
        });
    }
    let mut state = State {
        height: form.height,
        time_ms: form.time_ms,
        deployed: form.deployed,
        ..State::default()
    };
    for Account {
        name,
        address,
        balance,
    } in form.accounts
    {
        let address: Address = address
            .parse()
            .map_err(|_| StateProblem::Address { got: address })?;
        state.names.extend(name.map(|name| (address, name)));
        if balance > 0 {
            state.balances.insert(address, balance);
        }
    }
    for (key, value) in form.storage {
        state.storage.insert(digest(key)?, bytes(value)?);
    }
    Ok(state)
}

fn digest(text: String) -> Result<[u8; 32], StateProblem> {
    let mut digest = [0; 32];
    match hex::decode_to_slice(&text, &mut digest) {
        Ok(()) => Ok(digest),
        Err(_) => Err(StateProblem::Hex {
            got: text,
            expected: "32 bytes in hexadecimal",
        }),
    }
}

fn bytes(text: String) -> Result<Vec<u8>, StateProblem> {
    hex::decode(&text).map_err(|_| StateProblem::Hex {
        got: text,
        expected: "bytes in hexadecimal",
    })
}
