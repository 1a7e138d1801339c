//! What a call sees and changes: the host, what lies over it, and the instructions that reach there.

use rollup_abi::{Digest, sha256};

use super::{
    memory::{Memory, Unread},
    window::{Window, bytes_of, words_of},
};
use crate::{
    Address, Effects, Event, Host, Limit, Trap, Type, Value, Verified, domain,
    isa::Code,
    limits::{MAX_CHANGES, MAX_EVENTS},
    verify::{Op, SlotInfo},
};

/// Host, overlay and memory of a call.
pub struct World<'a> {
    pub host: &'a dyn Host,
    pub memory: &'a mut Memory,
    pub effects: Effects,
    pub scene: Scene,
}

/// Who runs, and for whom.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scene {
    pub program: Address,
    pub caller: Address,
    pub payment: u64,
}

impl World<'_> {
    /// Instructions that reach beyond the registers.
    pub fn execute(&mut self, op: &Op, w: &mut Window, program: &Verified) -> Result<(), Trap> {
        match op.code {
            Code::ConstBytes => {
                let Some(Value::Bytes(bytes)) = program.program().constants.get(op.imm as usize) else {
                    return Ok(());
                };
                w.set(op.a, self.memory.keep(bytes)?);
            }
            Code::EqBytes => w.set(op.a, self.same(w, op).into()),
            Code::NeBytes => w.set(op.a, (!self.same(w, op)).into()),
            Code::AtBytes => w.set(op.a, self.byte(w.get(op.b), w.get(op.c))?),
            Code::Concat => w.set(op.a, self.memory.concat(w.get(op.b), w.get(op.c))?),
            Code::Slice => {
                let (length, bound) = (w.get(op.imm as u16), op.imm >> 16);
                w.set(op.a, Memory::slice(w.get(op.b), w.get(op.c), length, bound)?);
            }
            Code::Pack => {
                let packed = self.memory.encode(&program.packs[op.imm as usize], w.at(op.b));
                w.set(op.a, self.memory.keep(&packed)?);
            }
            Code::Sha256 => w.set_256(op.a, words_of(&sha256(&[self.memory.get(w.get(op.b))]))),
            Code::Sha256Pair => {
                let (a, b) = (bytes_of(&w.get_256(op.b)), bytes_of(&w.get_256(op.c)));
                w.set_256(op.a, words_of(&sha256(&[&a, &b])));
            }
            Code::Load => {
                let slot = &program.slots[op.imm as usize];
                self.load(&slot.hash, &slot.values, w.at_mut(op.a))?;
            }
            Code::Store => {
                let slot = &program.slots[op.imm as usize];
                let value = self.memory.encode(&slot.values, w.at(op.a));
                self.store(slot.hash, Some(value))?;
            }
            Code::MapGet => {
                let slot = &program.slots[op.imm as usize];
                let key = self.key(slot, w.at(op.a));
                self.load(&key, &slot.values, w.at_mut(op.b))?;
            }
            Code::MapSet => {
                let slot = &program.slots[op.imm as usize];
                let key = self.key(slot, w.at(op.a));
                let value = self.memory.encode(&slot.values, w.at(op.b));
                self.store(key, Some(value))?;
            }
            Code::MapHas => {
                let key = self.key(&program.slots[op.imm as usize], w.at(op.b));
                w.set(op.a, self.has(&key).into());
            }
            Code::MapRemove => {
                let key = self.key(&program.slots[op.imm as usize], w.at(op.a));
                self.store(key, None)?;
            }
            Code::SelfAddress => w.set_256(op.a, words_of(self.scene.program.as_bytes())),
            Code::Caller => w.set_256(op.a, words_of(self.scene.caller.as_bytes())),
            Code::Payment => w.set(op.a, self.scene.payment),
            Code::Height => w.set(op.a, self.host.height()),
            Code::Time => w.set(op.a, self.host.time_ms()),
            Code::Balance => w.set(op.a, self.balance(&address(w, op.b))),
            Code::Transfer => self.transfer(address(w, op.a), w.get(op.b))?,
            Code::Emit => self.emit(op, w, program)?,
            _ => unreachable!("{:?} stays in the registers", op.code),
        }
        Ok(())
    }

    fn same(&self, w: &Window, op: &Op) -> bool {
        self.memory.get(w.get(op.b)) == self.memory.get(w.get(op.c))
    }

    fn byte(&self, handle: u64, at: u64) -> Result<u64, Trap> {
        let at = usize::try_from(at).map_err(|_| Trap::OutOfRange)?;
        self.memory
            .get(handle)
            .get(at)
            .map(|byte| u64::from(*byte))
            .ok_or(Trap::OutOfRange)
    }

    fn key(&self, slot: &SlotInfo, keys: &[u64]) -> Digest {
        sha256(&[domain::ITEM, &slot.hash, &self.memory.encode(&slot.keys, keys)])
    }

    fn has(&self, key: &Digest) -> bool {
        match self.effects.storage.get(&(self.scene.program, *key)) {
            Some(changed) => changed.is_some(),
            None => self.host.storage(&self.scene.program, key).is_some(),
        }
    }

    fn load(&mut self, key: &Digest, types: &[Type], words: &mut [u64]) -> Result<(), Trap> {
        let below;
        let value = match self.effects.storage.get(&(self.scene.program, *key)) {
            Some(changed) => changed.as_deref(),
            None => {
                below = self.host.storage(&self.scene.program, key);
                below.as_deref()
            }
        };
        match value {
            Some(value) => match self.memory.decode(types, value, words) {
                Ok(()) => Ok(()),
                Err(Unread::Malformed(_)) => Err(Trap::CorruptState),
                Err(Unread::Full(trap)) => Err(trap),
            },
            None => {
                let length = types.iter().map(|ty| ty.words()).sum();
                words[..length].fill(0);
                Ok(())
            }
        }
    }

    fn store(&mut self, key: Digest, value: Option<Vec<u8>>) -> Result<(), Trap> {
        self.effects.storage.insert((self.scene.program, key), value);
        self.changed()
    }

    fn changed(&self) -> Result<(), Trap> {
        let changes = self
            .effects
            .storage
            .len()
            .saturating_add(self.effects.balances.len());
        if changes > MAX_CHANGES {
            Err(Trap::LimitReached(Limit::Changes))
        } else {
            Ok(())
        }
    }

    fn balance(&self, address: &Address) -> u64 {
        let changed = self.effects.balances.get(address).copied();
        changed.unwrap_or_else(|| self.host.balance(address))
    }

    /// Sends an amount to an account, or back to a program that is calling. Other programs are paid by calling them: what comes
    /// otherwise, they would not know of.
    fn transfer(&mut self, to: Address, amount: u64) -> Result<(), Trap> {
        if to != self.scene.caller && self.host.program(&to).is_some() {
            return Err(Trap::NotPayable);
        }
        self.pay(self.scene.program, to, amount)
    }

    /// Moves an amount.
    pub fn pay(&mut self, from: Address, to: Address, amount: u64) -> Result<(), Trap> {
        if amount == 0 {
            return Ok(());
        }
        let rest = self
            .balance(&from)
            .checked_sub(amount)
            .ok_or(Trap::InsufficientBalance)?;
        if from == to {
            return Ok(());
        }
        let sum = self.balance(&to).checked_add(amount).ok_or(Trap::Overflow)?;
        self.effects.balances.extend([(from, rest), (to, sum)]);
        self.changed()
    }

    fn emit(&mut self, op: &Op, w: &Window, program: &Verified) -> Result<(), Trap> {
        if self.effects.events.len() >= MAX_EVENTS {
            return Err(Trap::LimitReached(Limit::Events));
        }
        self.effects.events.push(Event {
            program: self.scene.program,
            event: op.imm as u16,
            data: self.memory.encode(&program.events[op.imm as usize], w.at(op.a)),
        });
        Ok(())
    }
}

/// The address in a register.
pub fn address(w: &Window, word: u16) -> Address {
    Address::new(bytes_of(&w.get_256(word)))
}
