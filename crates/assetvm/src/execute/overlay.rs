//! A state with what a block has changed so far: what transactions run on, and what the machine sees of the world.

use std::{collections::BTreeMap, sync::Arc};

use curvevm::{Effects, Host, Verified};
use rollup_abi::Digest;

use crate::{Account, Address, Amount, BlockContext, Changes, EntryId, Metadata, Program, Roster, State};

/// A state, and changes over it.
#[derive(Clone, Debug)]
pub struct Overlay {
    pub parent: State,
    pub block: BlockContext,
    pub metadata: Metadata,
    accounts: BTreeMap<Address, Account>,
    programs: BTreeMap<Address, Option<Program>>,
    entries: BTreeMap<EntryId, Option<Vec<u8>>>,
    roster: Option<Arc<Roster>>,
}

impl Overlay {
    pub fn new(parent: &State, block: BlockContext) -> Self {
        Self {
            parent: parent.clone(),
            block,
            metadata: *parent.metadata(),
            accounts: BTreeMap::new(),
            programs: BTreeMap::new(),
            entries: BTreeMap::new(),
            roster: None,
        }
    }

    pub fn roster(&self) -> &Arc<Roster> {
        self.roster.as_ref().unwrap_or_else(|| self.parent.roster())
    }

    pub fn set_roster(&mut self, roster: Arc<Roster>) {
        self.roster = Some(roster);
    }

    pub fn account(&self, address: &Address) -> Account {
        let touched = self.accounts.get(address).copied();
        touched.or_else(|| self.parent.get(address)).unwrap_or_default()
    }

    pub fn program(&self, address: &Address) -> Option<&Program> {
        match self.programs.get(address) {
            Some(touched) => touched.as_ref(),
            None => self.parent.program(address),
        }
    }

    pub fn entry(&self, id: &EntryId) -> Option<&[u8]> {
        match self.entries.get(id) {
            Some(touched) => touched.as_deref(),
            None => self.parent.entry(id),
        }
    }

    pub fn set_account(&mut self, address: Address, account: Account) {
        self.accounts.insert(address, account);
    }

    pub fn set_program(&mut self, address: Address, program: Option<Program>) {
        self.programs.insert(address, program);
    }

    /// Takes back the deployment of a program that was not there before.
    pub fn undo_deployment(&mut self, address: &Address) {
        self.programs.remove(address);
    }

    /// Removes a program and these entries, which are all of its own.
    pub fn remove_program(&mut self, address: Address, entries: impl IntoIterator<Item = Digest>) {
        self.set_program(address, None);
        let ids = entries.into_iter().map(|key| EntryId {
            program: address,
            key,
        });
        self.entries.extend(ids.map(|id| (id, None)));
    }

    /// Applies what a call changed.
    pub fn apply(&mut self, effects: Effects) {
        self.move_balances(effects.balances);
        for ((program, key), value) in effects.storage {
            let id = EntryId { program, key };
            let mut touched = self.program(&program).expect("a program that ran").clone();
            let (was, is) = (self.entry(&id).is_some(), value.is_some());
            let grown = touched.entries.checked_add(u64::from(is));
            let count = grown.and_then(|count| count.checked_sub(u64::from(was)));
            touched.entries = count.expect("what a program stores is counted");
            self.set_program(program, Some(touched));
            self.entries.insert(id, value);
        }
    }

    /// The machine moves and never makes money. If it did, no block would come of it: an assertion, in release builds too.
    fn move_balances(&mut self, balances: BTreeMap<Address, u64>) {
        let (mut before, mut after) = (0u128, 0u128);
        for (address, balance) in balances {
            let mut account = self.account(&address);
            before = before.saturating_add(account.balance.base_units().into());
            after = after.saturating_add(balance.into());
            account.balance = Amount::from_base_units(balance);
            self.set_account(address, account);
        }
        assert_eq!(before, after, "a call keeps the sum of balances");
    }

    pub fn into_changes(self) -> (State, Changes) {
        let accounts = self.accounts.into_iter();
        let changes = Changes {
            accounts: accounts
                .map(|(address, account)| (address, Some(account).filter(|a| !a.is_vacant())))
                .collect(),
            programs: self.programs.into_iter().collect(),
            entries: self.entries.into_iter().collect(),
            roster: self.roster,
            metadata: self.metadata,
        };
        (self.parent, changes)
    }
}

impl Host for Overlay {
    fn program(&self, address: &Address) -> Option<Arc<Verified>> {
        self.program(address).map(|program| Arc::clone(&program.code))
    }

    fn storage(&self, program: &Address, key: &Digest) -> Option<Vec<u8>> {
        let id = EntryId {
            program: *program,
            key: *key,
        };
        self.entry(&id).map(<[u8]>::to_vec)
    }

    fn balance(&self, address: &Address) -> u64 {
        self.account(address).balance.base_units()
    }

    fn height(&self) -> u64 {
        self.block.height
    }

    fn time_ms(&self) -> u64 {
        self.block.time_ms
    }
}
