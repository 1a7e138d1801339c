//! What the machine is told of the world, what it answers, and a world in memory.

use std::{collections::BTreeMap, sync::Arc};

use rollup_abi::Digest;

use crate::{Address, DecodeError, Program, Type, Value, Verified, decode_values};

/// The state that a call runs on. The machine only reads it: what a call changes is in its [`Effects`].
pub trait Host {
    /// The program at an address.
    fn program(&self, address: &Address) -> Option<Arc<Verified>>;
    /// What a program stored under a key.
    fn storage(&self, program: &Address, key: &Digest) -> Option<Vec<u8>>;
    /// What an account or a program owns, in base units.
    fn balance(&self, address: &Address) -> u64;
    /// The block's height.
    fn height(&self) -> u64;
    /// The block's time in milliseconds since 1970.
    fn time_ms(&self) -> u64;
}

/// What a successful call changes. The sum of the balances is what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Storage entries by program and key; `None` removes one.
    pub storage: BTreeMap<(Address, Digest), Option<Vec<u8>>>,
    /// New balances in base units.
    pub balances: BTreeMap<Address, u64>,
    /// Events in the order in which they were emitted.
    pub events: Vec<Event>,
}

/// Something that a program announced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "borsh", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Event {
    /// The program.
    pub program: Address,
    /// Which of its events, by index.
    pub event: u16,
    /// The encoding of its fields.
    pub data: Vec<u8>,
}

impl Event {
    /// Name and fields, as the program that emitted it declares them.
    pub fn decode<'a>(&self, program: &'a Program) -> Option<Result<(&'a str, Vec<Value>), DecodeError>> {
        let kind = program.events.get(usize::from(self.event))?;
        let types: Vec<Type> = kind.fields.iter().map(|field| field.ty).collect();
        Some(decode_values(&types, &self.data).map(|values| (kind.name.as_str(), values)))
    }
}

/// A world in memory, for tests and command lines.
#[derive(Clone, Debug, Default)]
pub struct MemoryHost {
    /// Programs.
    pub programs: BTreeMap<Address, Arc<Verified>>,
    /// Storage entries by program and key.
    pub storage: BTreeMap<(Address, Digest), Vec<u8>>,
    /// Balances in base units.
    pub balances: BTreeMap<Address, u64>,
    /// The block's height.
    pub height: u64,
    /// The block's time in milliseconds since 1970.
    pub time_ms: u64,
}

impl MemoryHost {
    /// Applies what a call changed.
    pub fn apply(&mut self, effects: &Effects) {
        for (key, value) in &effects.storage {
            match value {
                Some(value) => self.storage.insert(*key, value.clone()),
                None => self.storage.remove(key),
            };
        }
        for (address, balance) in &effects.balances {
            match balance {
                0 => self.balances.remove(address),
                balance => self.balances.insert(*address, *balance),
            };
        }
    }
}

impl Host for MemoryHost {
    fn program(&self, address: &Address) -> Option<Arc<Verified>> {
        self.programs.get(address).cloned()
    }

    fn storage(&self, program: &Address, key: &Digest) -> Option<Vec<u8>> {
        self.storage.get(&(*program, *key)).cloned()
    }

    fn balance(&self, address: &Address) -> u64 {
        self.balances.get(address).copied().unwrap_or(0)
    }

    fn height(&self) -> u64 {
        self.height
    }

    fn time_ms(&self) -> u64 {
        self.time_ms
    }
}
