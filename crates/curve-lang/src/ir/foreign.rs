//! Calls of other programs, and the money that goes there and comes back.

use curvevm::{Opcode, Type as Scalar};

use super::{Val, build::Builder, layout};
use crate::{
    hir::{Expr, Foreign, Vault},
    types::Type,
};

impl Builder<'_, '_> {
    pub(super) fn foreign(&mut self, foreign: &Foreign, ty: &Type) -> Vec<Val> {
        let (signature, index) = self
            .context
            .program
            .signature(foreign.interface, foreign.function);
        let view = signature.view;
        let Some(mut ins) = self.operands(std::iter::once(&foreign.address).chain(&foreign.args)) else {
            return self.zeros(ty);
        };
        let amount = match &foreign.paying {
            Some((amount, vault)) => match self.pay_from(amount, vault) {
                Some(amount) => amount,
                None => return self.zeros(ty),
            },
            None => self.number(0),
        };
        let into = match &foreign.into {
            Some(vault) => match self.account(vault) {
                Some(account) => Some(account),
                None => return self.zeros(ty),
            },
            None => None,
        };
        // Who is asked a view sends nothing.
        let before = (!view).then(|| self.own_balance(Some(amount)));
        let op = if view {
            Opcode::ViewProgram
        } else {
            ins.insert(1, amount);
            Opcode::CallProgram
        };
        let types = layout::scalars(ty, self.context.program);
        let results = self.emit_run(op, ins, &types, index as u64);
        if let Some(before) = before {
            let after = self.own_balance(None);
            match into {
                Some(account) => {
                    let gained = self.emit(Opcode::SubU64, &[after, before], Scalar::U64);
                    self.deposit(&account, gained);
                }
                None => self.require_same(before, after),
            }
        }
        results
    }

    /// Takes a payment out of its vault.
    fn pay_from(&mut self, amount: &Expr, vault: &Vault) -> Option<Val> {
        let amount = *self.operands([amount])?.first()?;
        let account = self.account(vault)?;
        self.withdraw(&account, amount);
        Some(amount)
    }

    /// What this program owns, less what is about to leave.
    fn own_balance(&mut self, leaving: Option<Val>) -> Val {
        let own = self.emit(Opcode::SelfAddress, &[], Scalar::Address);
        let balance = self.emit(Opcode::Balance, &[own], Scalar::U64);
        match leaving {
            Some(leaving) => self.emit(Opcode::SubU64, &[balance, leaving], Scalar::U64),
            None => balance,
        }
    }
}
