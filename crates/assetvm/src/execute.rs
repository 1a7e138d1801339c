//! Execution of transactions on a state.
//!
//! For each transaction, in order: what a [`Rejection`] names is checked first, and nothing happens if it fails. Then the
//! fee is taken and the nonce used, for good. Then the action is tried, wholly or not at all.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::Digest;

use crate::{
    Account, Action, Address, Amount, Changes, Failure, InvalidTransaction, Metadata, Rejection, State,
    TransactionBody, TxId, verify::Verified,
};

/// What became of an included transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// Its id.
    pub id: TxId,
    /// The fee charged.
    pub fee: Amount,
    /// Whether its action took effect.
    pub outcome: Outcome,
}

/// Whether an action took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// It did.
    Applied,
    /// It did not; the fee is charged all the same.
    Failed(Failure),
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
pub fn execute_block(parent: &State, transactions: &[Verified]) -> Result<BlockOutcome, InvalidTransaction> {
    let mut executor = Executor::new(parent);
    for (index, transaction) in transactions.iter().enumerate() {
        executor
            .execute(transaction)
            .map_err(|reason| InvalidTransaction { index, reason })?;
    }
    Ok(executor.finish())
}

/// Executes transactions one by one on a fork of a state: how a leader fills a block, leaving out what is rejected.
#[derive(Clone, Debug)]
pub struct Executor {
    parent: State,
    touched: BTreeMap<Address, Account>,
    metadata: Metadata,
    receipts: Vec<Receipt>,
}

impl State {
    /// The account that `body` leaves its sender with once it is charged, or why this state cannot charge it. Everything
    /// but the signature; also what a mempool asks.
    pub fn charge(&self, body: &TransactionBody) -> Result<Account, Rejection> {
        charge(self, self.get(&body.sender).unwrap_or_default(), body)
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
    pub fn new(parent: &State) -> Self {
        Self {
            parent: parent.clone(),
            touched: BTreeMap::new(),
            metadata: *parent.metadata(),
            receipts: Vec::new(),
        }
    }

    /// The account at an address, as it is now.
    pub fn account(&self, address: &Address) -> Account {
        let touched = self.touched.get(address).copied();
        touched.or_else(|| self.parent.get(address)).unwrap_or_default()
    }

    /// Executes a transaction. On a rejection nothing has changed.
    pub fn execute(&mut self, transaction: &Verified) -> Result<Receipt, Rejection> {
        let body = transaction.body();
        let charged = charge(&self.parent, self.account(&body.sender), body)?;
        self.touched.insert(body.sender, charged);
        let fees = self.metadata.fees_collected.checked_add(body.fee);
        self.metadata.fees_collected = fees.expect("fees are part of the total supply");
        let outcome = match self.act(&body.sender, charged, &body.action) {
            Ok(()) => Outcome::Applied,
            Err(failure) => Outcome::Failed(failure),
        };
        let receipt = Receipt {
            id: transaction.id(),
            fee: body.fee,
            outcome,
        };
        self.receipts.push(receipt);
        Ok(receipt)
    }

    /// The action of a sender who has been charged. Every check comes before the first change.
    fn act(&mut self, sender: &Address, account: Account, action: &Action) -> Result<(), Failure> {
        match action {
            Action::Mint { to, amount } => {
                let (supply, cap) = (self.metadata.total_supply, self.parent.params().supply_cap);
                if *sender != self.parent.params().mint_authority {
                    return Err(Failure::NotMintAuthority);
                }
                if amount.is_zero() {
                    return Err(Failure::ZeroAmount);
                }
                let minted = supply.checked_add(*amount).filter(|total| *total <= cap);
                self.metadata.total_supply = minted.ok_or(Failure::SupplyCapExceeded {
                    supply,
                    amount: *amount,
                    cap,
                })?;
                self.metadata.minted = counted(self.metadata.minted, *amount);
                self.credit(to, *amount);
            }
            Action::Transfer { to, amount, .. } => {
                self.debit(sender, account, *amount)?;
                self.credit(to, *amount);
            }
            Action::Burn { amount } => {
                self.debit(sender, account, *amount)?;
                let rest = self.metadata.total_supply.checked_sub(*amount);
                self.metadata.total_supply = rest.expect("a balance is part of the total supply");
                self.metadata.burnt = counted(self.metadata.burnt, *amount);
            }
        }
        Ok(())
    }

    fn debit(&mut self, sender: &Address, mut account: Account, amount: Amount) -> Result<(), Failure> {
        if amount.is_zero() {
            return Err(Failure::ZeroAmount);
        }
        let balance = account.balance;
        let rest = balance.checked_sub(amount);
        account.balance = rest.ok_or(Failure::InsufficientBalance { balance, amount })?;
        self.touched.insert(*sender, account);
        Ok(())
    }

    fn credit(&mut self, to: &Address, amount: Amount) {
        let mut account = self.account(to);
        let balance = account.balance.checked_add(amount);
        account.balance = balance.expect("balances are part of the total supply, which fits");
        self.touched.insert(*to, account);
    }

    /// Closes the block: the new state and its root.
    pub fn finish(self) -> BlockOutcome {
        let accounts = self
            .touched
            .into_iter()
            .map(|(address, account)| (address, Some(account)));
        let changes = Changes {
            accounts: accounts
                .map(|(address, account)| (address, account.filter(|a| !a.is_vacant())))
                .collect(),
            metadata: self.metadata,
        };
        let state = self.parent.apply(&changes);
        BlockOutcome {
            state_root: state.root(),
            state,
            receipts: self.receipts,
            changes,
        }
    }
}

/// A lifetime total with `amount` more.
fn counted(total: u128, amount: Amount) -> u128 {
    total
        .checked_add(u128::from(amount.base_units()))
        .expect("2⁶⁴ largest amounts do not happen")
}
