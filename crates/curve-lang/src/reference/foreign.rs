//! Calls of other programs.

use super::{
    Outgoing, World,
    eval::{Eval, Flow, Result},
};
use crate::{
    hir::{Expr, Foreign, Vault},
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
            Some(vault) => Some((self.account(vault)?, self.own_balance(payment)?)),
            None => None,
        };
        let answer = self.world.call_program(Outgoing {
            from: self.program,
            to,
            signature,
            args,
            payment,
            steps: self.steps,
        })?;
        self.steps = answer.steps;
        if let Some((account, before)) = into {
            let gained = self.own_balance(before)?;
            self.deposit(&account, gained)?;
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
        rest.ok_or(Flow::Fail(super::Failure::Overflow))
    }
}
