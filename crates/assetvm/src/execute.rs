//! Execution of transactions on a state.
//!
//! For each transaction, in order: what a [`Rejection`] names is checked first, and nothing happens if it fails. Then the
//! fee is taken and the nonce used, for good. Then the action is tried, wholly or not at all.

mod overlay;
mod programs;

use std::sync::Arc;

use curvevm::{Call, Entrance, Gas, Machine, Value};
use overlay::Overlay;
use programs::Request;
use rollup_abi::{Digest, Header};

use crate::{
    Account, Action, Address, Amount, Changes, Failure, InvalidTransaction, Outcome, Output, Receipt,
    Rejection, Roster, RosterChange, State, TransactionBody, TxId, program_address, roster, verify::Verified,
};

/// What transactions may know of their block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Its height.
    pub height: u64,
    /// Its time in milliseconds since 1970.
    pub time_ms: u64,
}

impl From<&Header> for BlockContext {
    fn from(header: &Header) -> Self {
        Self {
            height: header.height,
            time_ms: header.timestamp_ms,
        }
    }
}

/// A question to a program.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The program.
    pub program: Address,
    /// Its view.
    pub name: &'a str,
    /// The arguments: [`curvevm::encode_values`].
    pub args: &'a [u8],
    /// The most gas that the answer may take.
    pub gas: Gas,
}

/// What a block does to a state.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    /// The state after the block.
    pub state: State,
    /// Its root.
    pub state_root: Digest,
    /// One receipt per transaction, in order.
    pub receipts: Vec<Receipt>,
    /// What changed, for storage.
    pub changes: Changes,
}

/// Executes a whole block: all of it, or the first transaction that makes it invalid.
pub fn execute_block(
    parent: &State,
    block: BlockContext,
    transactions: &[Verified],
) -> Result<BlockOutcome, InvalidTransaction> {
    let mut executor = Executor::new(parent, block);
    for (index, transaction) in transactions.iter().enumerate() {
        executor
            .execute(transaction)
            .map_err(|reason| InvalidTransaction { index, reason })?;
    }
    Ok(executor.finish())
}

/// Executes transactions one by one on a fork of a state: how a leader fills a block, leaving out what is rejected.
#[derive(Debug)]
pub struct Executor {
    world: Overlay,
    machine: Machine,
    /// What the block's gas limit leaves.
    gas_left: Gas,
    receipts: Vec<Receipt>,
}

impl State {
    /// The account that `body` leaves its sender with once it is charged, or why this state cannot charge it. Everything
    /// but the signature; also what a mempool asks.
    pub fn charge(&self, body: &TransactionBody) -> Result<Account, Rejection> {
        charge(self, self.get(&body.sender).unwrap_or_default(), body)
    }
}

impl State {
    /// What would become of this transaction, alone in a block on this state; nobody has to have signed it.
    pub fn simulate(&self, block: BlockContext, body: &TransactionBody) -> Result<Receipt, Rejection> {
        let unsigned = TxId::new([0; 32]);
        Executor::new(self, block).execute_body(unsigned, body).cloned()
    }

    /// Asks a program's view, for at most so much gas. Changes nothing.
    pub fn view(&self, block: BlockContext, view: &View<'_>) -> (Gas, Result<Vec<Value>, Failure>) {
        let call = Call {
            program: view.program,
            entrance: Entrance::View(view.name),
            caller: Address::default(),
            payment: 0,
            args: view.args,
            gas: view.gas,
        };
        let world = Overlay::new(self, block);
        let (gas, result) = programs::run(&mut Machine::new(), &world, &call);
        (gas, result.map(|success| success.results))
    }
}

fn charge(state: &State, sender: Account, body: &TransactionBody) -> Result<Account, Rejection> {
    let params = state.params();
    if body.chain_id != params.chain_id {
        return Err(Rejection::ChainId {
            got: body.chain_id,
            expected: params.chain_id,
        });
    }
    if body.nonce != sender.nonce {
        return Err(Rejection::Nonce {
            got: body.nonce,
            expected: sender.nonce,
        });
    }
    let nonce = body.nonce.next().ok_or(Rejection::NonceExhausted)?;
    let (got, limit) = (body.action.gas(), params.gas.block);
    if got > limit {
        return Err(Rejection::GasLimit { got, limit });
    }
    let minimum = params.minimum_fee(&body.sender, &body.action);
    if body.fee < minimum {
        return Err(Rejection::FeeTooLow {
            got: body.fee,
            minimum,
        });
    }
    let balance = sender
        .balance
        .checked_sub(body.fee)
        .ok_or(Rejection::FeeNotPayable {
            balance: sender.balance,
            fee: body.fee,
        })?;
    Ok(Account { balance, nonce })
}

impl Executor {
    /// On a fork of `parent`.
    pub fn new(parent: &State, block: BlockContext) -> Self {
        Self {
            world: Overlay::new(parent, block),
            machine: Machine::new(),
            gas_left: parent.params().gas.block,
            receipts: Vec::new(),
        }
    }

    /// The account at an address, as it is now.
    pub fn account(&self, address: &Address) -> Account {
        self.world.account(address)
    }

    /// Executes a transaction. On a rejection nothing has changed.
    pub fn execute(&mut self, transaction: &Verified) -> Result<&Receipt, Rejection> {
        self.execute_body(transaction.id(), transaction.body())
    }

    fn execute_body(&mut self, id: TxId, body: &TransactionBody) -> Result<&Receipt, Rejection> {
        let charged = charge(&self.world.parent, self.account(&body.sender), body)?;
        let (got, left) = (body.action.gas(), self.gas_left);
        if got > left {
            return Err(Rejection::BlockFull { got, left });
        }
        self.world.set_account(body.sender, charged);
        let fees = self.world.metadata.fees_collected.checked_add(body.fee);
        self.world.metadata.fees_collected = fees.expect("fees are part of the total supply");
        let (gas_used, result) = self.act(body, charged);
        let rest = left.0.checked_sub(gas_used.0);
        self.gas_left = Gas(rest.expect("no action uses more than it asks for"));
        self.receipts.push(Receipt {
            id,
            fee: body.fee,
            gas_used,
            outcome: match result {
                Ok(output) => Outcome::Applied(output),
                Err(failure) => Outcome::Failed(failure),
            },
        });
        Ok(self.receipts.last().expect("just pushed"))
    }

    /// The action of a sender who has been charged. Every check comes before the first change.
    fn act(&mut self, body: &TransactionBody, account: Account) -> (Gas, Result<Output, Failure>) {
        let sender = body.sender;
        let begun = body.action.gas_before_machine();
        let request = |args, payment: &Amount, gas: &Gas| Request {
            sender,
            args,
            payment: *payment,
            gas: *gas,
            begun,
        };
        let done = match &body.action {
            Action::Mint { to, amount } => self.mint(&sender, to, *amount),
            Action::Transfer { to, amount, .. } => self.transfer(&sender, account, to, *amount),
            Action::Burn { amount } => self.burn(&sender, account, *amount),
            Action::Deploy {
                code,
                upgradeable,
                args,
                payment,
                gas,
            } => {
                let address = program_address(&sender, body.nonce);
                return self.deploy(address, code, *upgradeable, request(args, payment, gas));
            }
            Action::Call {
                program,
                entry,
                args,
                payment,
                gas,
            } => return self.call(*program, entry, request(args, payment, gas)),
            Action::Upgrade { program, code } => self.upgrade(&sender, *program, code),
            Action::Close { program, entries } => self.close(&sender, *program, entries),
            Action::Roster(change) => self.change_roster(&sender, change),
        };
        (begun, done.map(|()| Output::default()))
    }

    fn mint(&mut self, sender: &Address, to: &Address, amount: Amount) -> Result<(), Failure> {
        let (metadata, params) = (&mut self.world.metadata, self.world.parent.params());
        let (supply, cap) = (metadata.total_supply, params.supply_cap);
        if *sender != params.mint_authority {
            return Err(Failure::NotMintAuthority);
        }
        if amount.is_zero() {
            return Err(Failure::ZeroAmount);
        }
        let total = supply.checked_add(amount).filter(|total| *total <= cap);
        let total = total.ok_or(Failure::SupplyCapExceeded { supply, amount, cap })?;
        self.check_receiver(to)?;
        let metadata = &mut self.world.metadata;
        metadata.total_supply = total;
        metadata.minted = counted(metadata.minted, amount);
        self.credit(to, amount);
        Ok(())
    }

    fn transfer(
        &mut self,
        sender: &Address,
        account: Account,
        to: &Address,
        amount: Amount,
    ) -> Result<(), Failure> {
        let debited = debit(account, amount)?;
        self.check_receiver(to)?;
        self.world.set_account(*sender, debited);
        self.credit(to, amount);
        Ok(())
    }

    fn burn(&mut self, sender: &Address, account: Account, amount: Amount) -> Result<(), Failure> {
        let debited = debit(account, amount)?;
        self.world.set_account(*sender, debited);
        let metadata = &mut self.world.metadata;
        let rest = metadata.total_supply.checked_sub(amount);
        metadata.total_supply = rest.expect("a balance is part of the total supply");
        metadata.burnt = counted(metadata.burnt, amount);
        Ok(())
    }

    /// What comes to a program without a call would never leave it again.
    fn check_receiver(&self, to: &Address) -> Result<(), Failure> {
        match self.world.program(to) {
            Some(_) => Err(Failure::ToProgram { to: *to }),
            None => Ok(()),
        }
    }

    fn credit(&mut self, to: &Address, amount: Amount) {
        let mut account = self.account(to);
        let balance = account.balance.checked_add(amount);
        account.balance = balance.expect("balances are part of the total supply, which fits");
        self.world.set_account(*to, account);
    }

    fn change_roster(&mut self, sender: &Address, change: &RosterChange) -> Result<(), Failure> {
        let params = self.world.parent.params();
        let rules = roster::Rules {
            chain_id: &params.chain_id,
            authority: &params.roster_authority,
        };
        let mut changed = Roster::clone(self.world.roster());
        changed.change(change, sender, &rules)?;
        self.world.set_roster(Arc::new(changed));
        Ok(())
    }

    /// Closes the block, and with it perhaps an epoch: the new state and its root.
    pub fn finish(mut self) -> BlockOutcome {
        let (height, epochs) = (self.world.block.height, self.world.parent.params().epochs);
        if let Some(fixed) = self.world.roster().after(height, epochs) {
            self.world.set_roster(fixed);
        }
        let (parent, changes) = self.world.into_changes();
        let state = parent.apply(&changes);
        BlockOutcome {
            state_root: state.root(),
            state,
            receipts: self.receipts,
            changes,
        }
    }
}

fn debit(mut account: Account, amount: Amount) -> Result<Account, Failure> {
    if amount.is_zero() {
        return Err(Failure::ZeroAmount);
    }
    let balance = account.balance;
    let rest = balance.checked_sub(amount);
    account.balance = rest.ok_or(Failure::InsufficientBalance { balance, amount })?;
    Ok(account)
}

/// A lifetime total with `amount` more.
fn counted(total: u128, amount: Amount) -> u128 {
    total
        .checked_add(u128::from(amount.base_units()))
        .expect("2⁶⁴ largest amounts do not happen")
}
