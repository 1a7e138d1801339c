//! Statements.

use super::{
    Failure, World, arith,
    eval::{Eval, Flow, Result},
};
use crate::{
    hir::{Place, Program, Root, SlotId, Stmt, StmtKind, Target, Vault},
    syntax::ast::BinaryOp,
    value::Value,
};

/// A vault with its key evaluated.
pub(super) enum Account {
    Payment,
    Slot(SlotId, Option<Value>),
}

/// Where money goes, evaluated.
enum Receiver {
    Account(Account),
    Address([u8; 32]),
}

impl<W: World> Eval<'_, W> {
    pub(crate) fn stmt(&mut self, stmt: &Stmt) -> Result<()> {
        self.step()?;
        match &stmt.kind {
            StmtKind::Let(names, value) => {
                let value = self.expr(value)?;
                match (names.as_slice(), value) {
                    ([name], value) => self.set_local(name.index(), value),
                    (names, Value::Tuple(values)) => {
                        for (name, value) in names.iter().zip(values) {
                            self.set_local(name.index(), value);
                        }
                    }
                    _ => return Err(Flow::Impossible),
                }
            }
            StmtKind::Assign(place, op, value) => return self.assign(place, *op, value),
            StmtKind::Move(amount, source, target) => {
                let amount = amount.as_ref().map(|amount| self.expr(amount)).transpose()?;
                let source = self.account(source)?;
                let target = match target {
                    Target::Vault(vault) => Receiver::Account(self.account(vault)?),
                    Target::Address(address) => match self.expr(address)? {
                        Value::Address(address) => Receiver::Address(address),
                        _ => return Err(Flow::Impossible),
                    },
                };
                return self.transfer(amount, &source, &target);
            }
            StmtKind::Emit(event, fields) => {
                let count = self.program.events[event.index()].fields.len();
                let fields = self.fields(count, fields)?;
                self.world.emit(*event, fields);
            }
            StmtKind::For(local, low, high, body) => {
                for value in *low..*high {
                    self.set_local(local.index(), Value::Number(value));
                    match self.expr(body) {
                        Err(Flow::Break) => break,
                        other => other?,
                    };
                }
            }
            StmtKind::Break => return Err(Flow::Break),
            StmtKind::Return(value) => {
                let value = value
                    .as_ref()
                    .map_or(Ok(Value::Nothing), |value| self.expr(value))?;
                return Err(Flow::Return(value));
            }
            StmtKind::Expr(value) => {
                self.expr(value)?;
            }
            StmtKind::Script(_) => return Err(Flow::Impossible),
        }
        Ok(())
    }

    fn assign(&mut self, place: &Place, op: Option<BinaryOp>, value: &crate::hir::Expr) -> Result<()> {
        let key = match &place.root {
            Root::Slot(_, Some(key)) => Some(self.expr(key)?),
            _ => None,
        };
        let value = self.expr(value)?;
        let mut whole = match &place.root {
            Root::Local(id) => self.locals.get(id.index()).cloned().ok_or(Flow::Impossible)?,
            Root::Slot(slot, _) => self.read(*slot, key.as_ref()),
        };
        let part = part_of(&mut whole, &place.path)?;
        *part = match op {
            Some(op) => arith::binary(op, part, &value)?,
            None => value,
        };
        match &place.root {
            Root::Local(id) => self.set_local(id.index(), whole),
            Root::Slot(slot, _) => self.world.write(*slot, key, whole),
        }
        Ok(())
    }

    pub(super) fn account(&mut self, vault: &Vault) -> Result<Account> {
        Ok(match vault {
            Vault::Payment => Account::Payment,
            Vault::Slot(slot, key) => {
                let key = key.as_ref().map(|key| self.expr(key)).transpose()?;
                Account::Slot(*slot, key)
            }
        })
    }

    fn holds(&self, account: &Account) -> u64 {
        match account {
            Account::Payment => self.payment,
            Account::Slot(slot, key) => match self.read(*slot, key.as_ref()) {
                Value::Number(amount) => amount,
                _ => 0,
            },
        }
    }

    fn set(&mut self, account: &Account, amount: u64) {
        match account {
            Account::Payment => self.payment = amount,
            Account::Slot(slot, key) => self.world.write(*slot, key.clone(), Value::Number(amount)),
        }
    }

    fn transfer(&mut self, amount: Option<Value>, source: &Account, target: &Receiver) -> Result<()> {
        let amount = match amount {
            Some(Value::Number(amount)) => amount,
            Some(_) => return Err(Flow::Impossible),
            None => self.holds(source),
        };
        self.withdraw(source, amount)?;
        match target {
            Receiver::Account(account) => self.deposit(account, amount),
            Receiver::Address(address) => Ok(self.world.transfer(*address, amount)?),
        }
    }

    pub(super) fn withdraw(&mut self, account: &Account, amount: u64) -> Result<()> {
        let rest = self.holds(account).checked_sub(amount);
        let rest = rest.ok_or(Flow::Fail(Failure::Error(Program::INSUFFICIENT)))?;
        self.set(account, rest);
        Ok(())
    }

    pub(super) fn deposit(&mut self, account: &Account, amount: u64) -> Result<()> {
        let sum = self.holds(account).checked_add(amount);
        let sum = sum.ok_or(Flow::Fail(Failure::Overflow))?;
        self.set(account, sum);
        Ok(())
    }
}

/// A field of a field of … a value.
fn part_of<'v>(value: &'v mut Value, path: &[u16]) -> Result<&'v mut Value> {
    let mut part = value;
    for at in path {
        part = match part {
            Value::Struct(fields) => fields.get_mut(usize::from(*at)).ok_or(Flow::Impossible)?,
            _ => return Err(Flow::Impossible),
        };
    }
    Ok(part)
}
