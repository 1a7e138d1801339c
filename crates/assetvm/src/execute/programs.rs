//! Deploying, calling, upgrading and closing programs.

use std::{collections::BTreeSet, sync::Arc};

use curvevm::{Call, CallError, Entrance, Fault, Gas, Machine, Success, encode_values};
use rollup_abi::Digest;

use super::{Executor, overlay::Overlay};
use crate::{
    Account, Address, Amount, EntryId, Failure, MAX_OUTPUT_BYTES, Output, Program, Reason, failure::Trapped,
    gas,
};

/// A failure, and the gas that was used until then.
pub(super) type Ran = (Gas, Result<Output, Failure>);

/// Where a call comes from and what it brings.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub sender: Address,
    pub args: &'a [u8],
    pub payment: Amount,
    /// The most gas that it may use, this much of it before the machine runs.
    pub gas: Gas,
    pub begun: Gas,
}

impl Executor {
    /// Puts a program at `address` and calls its constructor. What lies there already goes to the sender: the program would not
    /// know of it.
    pub(super) fn deploy(
        &mut self,
        address: Address,
        code: &[u8],
        upgradeable: bool,
        request: Request,
    ) -> Ran {
        if request.gas < request.begun {
            return too_low(&request);
        }
        let code = match self.world.parent.verify_code(code) {
            Ok(code) => code,
            Err(reason) => return (request.begun, Err(Failure::InvalidProgram { reason })),
        };
        let constructed = code.init().is_some();
        let program = Program {
            code,
            authority: upgradeable.then_some(request.sender),
            entries: 0,
        };
        self.world.set_program(address, Some(program));
        let found = self.account(&address);
        let sender = self.account(&request.sender);
        if !found.balance.is_zero() {
            self.world.set_account(address, Account::default());
            self.credit(&request.sender, found.balance);
        }
        let ran = if constructed || !request.args.is_empty() || !request.payment.is_zero() {
            self.run(address, Entrance::Init, &request)
        } else {
            (request.begun, Ok(Output::default()))
        };
        if ran.1.is_err() {
            self.world.undo_deployment(&address);
            if !found.balance.is_zero() {
                self.world.set_account(address, found);
                self.world.set_account(request.sender, sender);
            }
        }
        ran
    }

    /// Calls an entry of a program.
    pub(super) fn call(&mut self, program: Address, entry: &str, request: Request) -> Ran {
        if request.gas < request.begun {
            return too_low(&request);
        }
        self.run(program, Entrance::Entry(entry), &request)
    }

    fn run(&mut self, program: Address, entrance: Entrance, request: &Request) -> Ran {
        let call = Call {
            program,
            entrance,
            caller: request.sender,
            payment: request.payment.base_units(),
            args: request.args,
            gas: Gas(request.gas.0.saturating_sub(request.begun.0)),
        };
        let (used, result) = run(&mut self.machine, &self.world, &call);
        let used = Gas(used.0.saturating_add(request.begun.0));
        match result {
            Ok(success) => self.keep(success, used, request.gas),
            Err(failure) => (used, Err(failure)),
        }
    }

    /// Keeps what a successful call returned, announced and changed, if it may, and if the gas lasts for that.
    fn keep(&mut self, success: Success, used: Gas, limit: Gas) -> Ran {
        let Success { results, mut effects } = success;
        let output = Output {
            results: encode_values(&results),
            events: std::mem::take(&mut effects.events),
        };
        let got = output.encoded_len();
        if got > MAX_OUTPUT_BYTES {
            return (used, Err(Failure::OutputTooLarge { got: got as u64 }));
        }
        let needed = Gas(used.0.saturating_add(gas::of_output(got).0));
        if needed > limit {
            return (limit, Err(Failure::GasTooLow { limit, needed }));
        }
        self.world.apply(effects);
        (needed, Ok(output))
    }

    /// Gives a program other code.
    pub(super) fn upgrade(&mut self, sender: &Address, address: Address, code: &[u8]) -> Result<(), Failure> {
        let program = self.governed(sender, &address)?.clone();
        let next = self.world.parent.verify_code(code);
        let next = next.map_err(|reason| Failure::InvalidProgram { reason })?;
        let checked = program.code.check_upgrade(&next);
        checked.map_err(|error| Failure::Incompatible {
            reason: Reason::new(&error),
        })?;
        let upgraded = Program {
            code: next,
            ..program
        };
        self.world.set_program(address, Some(upgraded));
        Ok(())
    }

    /// Removes a program that owns nothing, with all that it stores.
    pub(super) fn close(
        &mut self,
        sender: &Address,
        address: Address,
        entries: &[Digest],
    ) -> Result<(), Failure> {
        let stored = self.governed(sender, &address)?.entries;
        let balance = self.world.account(&address).balance;
        if !balance.is_zero() {
            return Err(Failure::HoldsBalance { balance });
        }
        let mut named: BTreeSet<Digest> = entries.iter().copied().collect();
        named.retain(|&key| {
            let id = EntryId {
                program: address,
                key,
            };
            self.world.entry(&id).is_some()
        });
        let named_count = named.len() as u64;
        if named_count != stored || named.len() != entries.len() {
            return Err(Failure::EntriesNotNamed {
                named: named_count,
                stored,
            });
        }
        self.world.remove_program(address, named);
        Ok(())
    }

    /// The program, if the sender is its authority.
    fn governed(&self, sender: &Address, address: &Address) -> Result<&Program, Failure> {
        let program = *address;
        let found = self.world.program(address);
        let found = found.ok_or(Failure::NoSuchProgram { program })?;
        match found.authority {
            None => Err(Failure::NotUpgradeable),
            Some(authority) if authority != *sender => Err(Failure::NotAuthority { authority }),
            Some(_) => Ok(found),
        }
    }
}

fn too_low(request: &Request) -> Ran {
    let (limit, needed) = (request.gas, request.begun);
    (limit, Err(Failure::GasTooLow { limit, needed }))
}

/// Runs a call, and says why if it fails.
pub(super) fn run(machine: &mut Machine, world: &Overlay, call: &Call) -> (Gas, Result<Success, Failure>) {
    match machine.call(world, call) {
        Ok(outcome) => {
            let result = outcome.result.map_err(|fault| trapped(world, &fault));
            (outcome.gas_used, result)
        }
        Err(error) => (Gas(0), Err(refused(error))),
    }
}

fn trapped(world: &Overlay, fault: &Fault) -> Failure {
    let code = world
        .program(&fault.program)
        .map(|program| Arc::clone(&program.code));
    let code = code.expect("a program that ran");
    Failure::Trapped(Box::new(Trapped::new(fault, code.program())))
}

fn refused(error: CallError) -> Failure {
    match error {
        CallError::NoSuchProgram { address } => Failure::NoSuchProgram { program: address },
        CallError::NoSuchFunction { .. } => Failure::NoSuchEntry,
        CallError::Arguments(error) => Failure::Arguments {
            reason: Reason::new(&error),
        },
    }
}
