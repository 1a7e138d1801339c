//! `move`, and what is left of the payment.

use std::rc::Rc;

use curvevm::{Opcode, Type as Scalar};

use super::{End, Val, build::Builder};
use crate::hir::{Expr, Program, SlotId, Target, Vault};

/// A vault with its key computed.
pub(super) enum Account {
    Payment,
    Slot(SlotId, Vec<Val>),
}

/// Where money goes, computed.
enum Receiver {
    Account(Account),
    Address(Val),
}

impl Builder<'_, '_> {
    pub(super) fn payment_left(&mut self) -> Val {
        let left = self
            .payment
            .and_then(|at| self.vars[at].as_ref())
            .and_then(|values| values.first().copied());
        match left {
            Some(left) => left,
            None => self.number(0),
        }
    }

    pub(super) fn move_money(&mut self, amount: Option<&Expr>, source: &Vault, target: &Target) {
        let amount = match amount {
            Some(amount) => match self.operands([amount]) {
                Some(values) => values.first().copied(),
                None => return,
            },
            None => None,
        };
        let (Some(source), Some(target)) = (self.account(source), self.receiver(target)) else {
            return;
        };
        let amount = match amount {
            Some(amount) => {
                self.withdraw(&source, amount);
                amount
            }
            None => {
                let (all, nothing) = (self.holds(&source), self.number(0));
                self.set(&source, nothing);
                all
            }
        };
        match target {
            Receiver::Account(account) => self.deposit(&account, amount),
            Receiver::Address(address) => self.push(Opcode::Transfer, vec![address, amount], Vec::new(), 0),
        }
    }

    /// Takes an amount out of a vault, if it is there.
    pub(super) fn withdraw(&mut self, account: &Account, amount: Val) {
        let held = self.holds(account);
        let enough = self.emit(Opcode::LeU64, &[amount, held], Scalar::Bool);
        let error = u64::from(Program::INSUFFICIENT.0);
        self.push(Opcode::Require, vec![enough], Vec::new(), error);
        let rest = self.emit(Opcode::SubU64, &[held, amount], Scalar::U64);
        self.set(account, rest);
    }

    /// What came in lies in vaults if these are equal.
    pub(super) fn require_same(&mut self, a: Val, b: Val) {
        let same = self.emit(Opcode::Eq64, &[a, b], Scalar::Bool);
        let error = u64::from(Program::UNSPENT.0);
        self.push(Opcode::Require, vec![same], Vec::new(), error);
    }

    /// Puts an amount into a vault.
    pub(super) fn deposit(&mut self, account: &Account, amount: Val) {
        let before = self.holds(account);
        let sum = self.emit(Opcode::AddU64, &[before, amount], Scalar::U64);
        self.set(account, sum);
    }

    pub(super) fn account(&mut self, vault: &Vault) -> Option<Account> {
        match vault {
            Vault::Payment => Some(Account::Payment),
            Vault::Slot(slot, key) => Some(Account::Slot(*slot, self.key(key.as_ref())?)),
        }
    }

    fn receiver(&mut self, target: &Target) -> Option<Receiver> {
        match target {
            Target::Vault(vault) => self.account(vault).map(Receiver::Account),
            Target::Address(address) => {
                let values = self.operands([address])?;
                values.first().copied().map(Receiver::Address)
            }
        }
    }

    fn holds(&mut self, account: &Account) -> Val {
        match account {
            Account::Payment => self.payment_left(),
            Account::Slot(slot, key) => {
                let values = self.read(*slot, key.clone());
                values[0]
            }
        }
    }

    fn set(&mut self, account: &Account, amount: Val) {
        match account {
            Account::Payment => {
                if let Some(at) = self.payment {
                    self.vars[at] = Some(Rc::from([amount]));
                }
            }
            Account::Slot(slot, key) => self.write(*slot, key.clone(), &[amount]),
        }
    }

    /// Returns: from the function, or to where it was called if it became part of its caller.
    pub(super) fn ret(&mut self, values: Vec<Val>) {
        if self.dead {
            return;
        }
        if let Some(mut way) = self.way(values) {
            if let Some(inlined) = self.inlined.last_mut() {
                way.vars.truncate(inlined.vars);
                inlined.returns.push(way);
                self.block = self.new_block(&[]).0;
                self.dead = true;
                return;
            }
            if self.payment.is_some() {
                let (left, zero) = (self.payment_left(), self.number(0));
                self.require_same(left, zero);
            }
            self.finish(End::Ret(way.values));
        }
    }
}
