//! A verified program: what the machine runs.

use std::{collections::BTreeMap, fmt};

use rollup_abi::{Digest, sha256};

use super::{Summary, lower::Builder};
use crate::{
    Field, Function, Gas, Instr, Interface, Kind, Opcode, Program, Type, Value, domain, machine::Threaded,
};

/// The hash of a program's encoding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "borsh", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct CodeHash(pub Digest);

/// What an entry or view is called by: a hash of its name and signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(pub [u8; 8]);

/// A program that the verifier accepted, in the form that the machine runs.
#[derive(Debug)]
pub struct Verified {
    program: Program,
    hash: CodeHash,
    /// All functions, as the machine runs them.
    pub(crate) code: Threaded,
    /// All functions, instruction by instruction, for who wants to see each.
    pub(crate) plain: Threaded,
    costs: Vec<u64>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) slots: Vec<SlotInfo>,
    /// Constants of 128 bits: low word, high word, zeros. Of 256 bits: big-endian words.
    pub(crate) wide: Vec<[u64; 4]>,
    /// Types of the registers of each `pack`.
    pub(crate) packs: Vec<Vec<Type>>,
    pub(crate) interfaces: Vec<Selector>,
    /// Types of the parameters of each function.
    pub(crate) params: Vec<Vec<Type>>,
    /// Types of the fields of each event.
    pub(crate) events: Vec<Vec<Type>>,
    pub(crate) invariants: Vec<u16>,
    exports: BTreeMap<Selector, u16>,
    words: Vec<Vec<u16>>,
    worst: Vec<Option<u64>>,
}

/// What the machine has to know of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Its first instruction in the code of all functions.
    pub start: u32,
    /// Words of its parameters.
    pub params: u16,
    /// Words of all of its registers.
    pub words: u16,
    /// Words of its results.
    pub results: u16,
    /// Gas of its first block.
    pub gas: u32,
}

/// What the machine has to know of a slot.
#[derive(Clone, Debug)]
pub(crate) struct SlotInfo {
    pub hash: Digest,
    pub keys: Vec<Type>,
    pub values: Vec<Type>,
}

/// Why a program cannot take another one's place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// A slot that is there no more: what it stores would be lost.
    #[error("slot {name} is gone")]
    SlotGone {
        /// Its name.
        name: String,
    },
    /// A slot of other types: what it stores would be misread.
    #[error("slot {name} has other keys or fields")]
    SlotChanged {
        /// Its name.
        name: String,
    },
}

impl Verified {
    pub(super) fn new(program: Program, encoded: &[u8], builder: Builder, summaries: &[Summary]) -> Self {
        let exports = (0..).zip(&program.functions);
        let exports = exports.filter_map(|(index, function)| Some((function.selector()?, index)));
        let invariants = (0..).zip(&program.functions);
        let invariants = invariants.filter(|(_, f)| f.kind == Kind::Invariant);
        Self {
            hash: CodeHash::of(encoded),
            slots: program.slots.iter().map(SlotInfo::new).collect(),
            wide: program.constants.iter().map(wide).collect(),
            interfaces: program.interfaces.iter().map(Interface::selector).collect(),
            params: program.functions.iter().map(|f| types(&f.params)).collect(),
            events: program.events.iter().map(|event| types(&event.fields)).collect(),
            invariants: invariants.map(|(index, _)| index).collect(),
            exports: exports.collect(),
            words: summaries.iter().map(|s| s.words.clone()).collect(),
            worst: summaries.iter().map(|s| s.worst).collect(),
            code: Threaded::new(&builder.code, builder.longest),
            plain: Threaded::new(&builder.plain, builder.longest),
            costs: builder.costs,
            frames: builder.frames,
            packs: builder.packs,
            program,
        }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The hash of its encoding.
    pub fn code_hash(&self) -> CodeHash {
        self.hash
    }

    /// The index of its constructor.
    pub fn init(&self) -> Option<u16> {
        let mut kinds = (0..).zip(&self.program.functions);
        kinds
            .find(|(_, f)| matches!(f.kind, Kind::Init { .. }))
            .map(|(index, _)| index)
    }

    /// The entry or view with this selector.
    pub fn export(&self, selector: Selector) -> Option<u16> {
        self.exports.get(&selector).copied()
    }

    /// The most gas that a call of a function uses, invariants included; `None` if something in it loops or calls another
    /// program, or if there is no such function.
    pub fn worst_gas(&self, function: u16) -> Option<Gas> {
        let kind = self.program.functions.get(usize::from(function))?.kind;
        let mut total = self.worst_entered(function)?;
        if !kind.is_pure() {
            for invariant in &self.invariants {
                total = total.checked_add(self.worst_entered(*invariant)?)?;
            }
        }
        Some(Gas(total))
    }

    /// What an instruction costs by itself.
    pub fn instruction_gas(&self, function: u16, pc: u16) -> Option<Gas> {
        let code = &self.program.functions.get(usize::from(function))?.code;
        code.get(usize::from(pc))?;
        let start = self.frames[usize::from(function)].start as usize;
        let cost = self.costs.get(start.checked_add(pc.into())?)?;
        Some(Gas(*cost))
    }

    fn worst_entered(&self, function: u16) -> Option<u64> {
        let index = usize::from(function);
        self.worst[index]?.checked_add(self.enter_gas(function))
    }

    /// What it costs to enter a function from outside: as much as a `call` of it.
    pub(crate) fn enter_gas(&self, function: u16) -> u64 {
        let words = self.frames[usize::from(function)].words;
        Opcode::Call.spec().cost.of(0, words.into())
    }

    /// Checks that `next` may take this program's place: that it keeps every slot with its types.
    pub fn check_upgrade(&self, next: &Self) -> Result<(), UpgradeError> {
        for slot in &self.program.slots {
            let name = slot.name.clone();
            let kept = next.program.slots.iter().find(|kept| kept.name == name);
            match kept {
                None => return Err(UpgradeError::SlotGone { name }),
                Some(kept) if kept.keys != slot.keys || kept.value_types() != slot.value_types() => {
                    return Err(UpgradeError::SlotChanged { name });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The function and the instruction in it of an instruction in the code of all functions.
    pub(crate) fn place(&self, pc: usize) -> (u16, u16) {
        let after = self.frames.partition_point(|frame| frame.start as usize <= pc);
        let function = after.saturating_sub(1);
        let start = self.frames[function].start as usize;
        let narrow = |n: usize| u16::try_from(n).expect("functions and their code are bounded");
        (narrow(function), narrow(pc.saturating_sub(start)))
    }

    /// The instruction at a place.
    pub(crate) fn instr(&self, function: u16, pc: u16) -> &Instr {
        &self.program.functions[usize::from(function)].code[usize::from(pc)]
    }

    /// The first word of a register.
    pub(crate) fn word(&self, function: u16, register: usize) -> Option<u16> {
        self.words[usize::from(function)].get(register).copied()
    }
}

impl SlotInfo {
    fn new(slot: &crate::Slot) -> Self {
        Self {
            hash: sha256(&[domain::SLOT, slot.name.as_bytes()]),
            keys: slot.keys.clone(),
            values: slot.value_types(),
        }
    }
}

impl Function {
    /// Its selector, if other programs may call it.
    pub fn selector(&self) -> Option<Selector> {
        let view = match self.kind {
            Kind::Entry { .. } => false,
            Kind::View => true,
            Kind::Internal | Kind::Init { .. } | Kind::Invariant => return None,
        };
        Some(Selector::new(
            view,
            &self.name,
            &types(&self.params),
            &self.results,
        ))
    }
}

impl Interface {
    /// The selector of the function that it stands for.
    pub fn selector(&self) -> Selector {
        Selector::new(self.view, &self.name, &self.params, &self.results)
    }
}

impl Selector {
    fn new(view: bool, name: &str, params: &[Type], results: &[Type]) -> Self {
        let list = |types: &[Type]| {
            let names: Vec<String> = types.iter().map(Type::to_string).collect();
            names.join(",")
        };
        let kind = if view { "view" } else { "entry" };
        let text = format!("{kind} {name}({})->({})", list(params), list(results));
        let digest = sha256(&[domain::CALL, text.as_bytes()]);
        let mut selector = [0; 8];
        selector.copy_from_slice(&digest[..8]);
        Self(selector)
    }
}

fn types(fields: &[Field]) -> Vec<Type> {
    fields.iter().map(|field| field.ty).collect()
}

fn wide(value: &Value) -> [u64; 4] {
    match value {
        Value::U128(n) | Value::Fix(n) => {
            let bytes = n.to_le_bytes();
            [word_le(&bytes, 0), word_le(&bytes, 8), 0, 0]
        }
        Value::Address(address) => crate::machine::words_of(address.as_bytes()),
        Value::Hash(digest) => crate::machine::words_of(digest),
        Value::U64(_) | Value::I64(_) | Value::Bool(_) | Value::Bytes(_) => [0; 4],
    }
}

fn word_le(bytes: &[u8; 16], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at.wrapping_add(8)]);
    u64::from_le_bytes(word)
}

impl CodeHash {
    /// The code hash of the program with this encoding.
    pub fn of(encoded: &[u8]) -> Self {
        Self(sha256(&[domain::CODE, encoded]))
    }
}

impl fmt::Display for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeHash({self})")
    }
}
