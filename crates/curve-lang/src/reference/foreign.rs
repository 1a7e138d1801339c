//! Calls of other programs.

use super::{
    Failure, Outgoing, World,
    eval::{Eval, Flow, Result},
};
use crate::{
    hir::{Expr, Foreign, Program, Vault},
    value::Value,
};

impl<W: World> Eval<'_, W> {
    pub(super) fn foreign(&mut self, foreign: &Foreign) -> Result<Value> {
        let (signature, _) = self.program.signature(foreign.interface, foreign.function);
        let to = self.address(&foreign.address)?;
        let args = self.exprs(&foreign.args)?;
        let payment = match &foreign.paying {
            Some((amount, vault)) => self.pay_from(amount, vault)?,
            None => 0,
        };
        let into = match &foreign.into {
            Some(vault) => Some(self.account(vault)?),
            None => None,
        };
        let before = self.own_balance(payment)?;
        let answer = self.world.call_program(Outgoing {
            from: self.program,
            to,
            signature,
            args,
            payment,
            steps: self.steps,
        })?;
        self.steps = answer.steps;
        let gained = self.own_balance(before)?;
        match into {
            Some(account) => self.deposit(&account, gained)?,
            None if gained > 0 => return Err(Flow::Fail(Failure::Error(Program::UNSPENT))),
            None => {}
        }
        Ok(answer.value)
    }

    fn pay_from(&mut self, amount: &Expr, vault: &Vault) -> Result<u64> {
        let amount = self.number(amount)?;
        let account = self.account(vault)?;
        self.withdraw(&account, amount)?;
        Ok(amount)
    }

    /// What the program owns beyond this.
    fn own_balance(&self, beyond: u64) -> Result<u64> {
        let balance = self.world.balance(&self.world.own());
        let rest = balance.checked_sub(beyond);
        rest.ok_or(Flow::Fail(Failure::Overflow))
    }
}
