//! A register for each value, by scanning their lives in order.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use curvevm::{Operand, Type};

use super::live::{Lives, Position};
use crate::ir::{Function, Inst, Val};

/// A register of the function, by its index.
pub type Register = u16;

/// Registers.
pub struct Assigned {
    /// Of each value that is ever made.
    pub of: Vec<Option<Register>>,
    /// Types of all registers, the parameters first.
    pub types: Vec<Type>,
    /// Where a run of these types begins.
    pub runs: BTreeMap<Vec<Type>, Register>,
    /// For each type, a register to exchange two others.
    pub spare: BTreeMap<Type, Register>,
}

/// An instruction's operands that are runs of more than one register, by their types.
pub fn runs_of(function: &Function, inst: &Inst) -> Vec<Vec<Type>> {
    let types = |values: &[Val]| {
        values
            .iter()
            .map(|value| function.ty(*value))
            .collect::<Vec<Type>>()
    };
    let mut runs = Vec::new();
    for part in parts(inst) {
        if part.run && part.values.len() > 1 {
            runs.push(types(part.values));
        }
    }
    runs
}

/// The values of one register operand.
pub struct Part<'i> {
    /// One, or those of a run.
    pub values: &'i [Val],
    /// Whether the operand is a run.
    pub run: bool,
}

/// Values of each register operand, in the order of the table.
pub fn parts(inst: &Inst) -> Vec<Part<'_>> {
    let (mut ins, mut outs) = (inst.ins.as_slice(), inst.outs.as_slice());
    let mut parts = Vec::new();
    for (_, operand) in inst.op.spec().operands {
        let (from, length, run) = match operand {
            Operand::In(_) => (&mut ins, 1, false),
            Operand::Out(_) => (&mut outs, 1, false),
            // Keys come before values.
            Operand::InRun(curvevm::Run::Keys) => (&mut ins, inst.keys, true),
            Operand::InRun(_) => (&mut ins, usize::MAX, true),
            Operand::OutRun(_) => (&mut outs, usize::MAX, true),
            _ => continue,
        };
        let (values, rest) = from.split_at(length.min(from.len()));
        *from = rest;
        parts.push(Part { values, run });
    }
    parts
}

pub fn run(function: &Function, lives: &Lives, emitted: &[Vec<bool>]) -> Assigned {
    let mut scan = Scan {
        function,
        hints: hints(function, lives),
        active: BinaryHeap::new(),
        free: BTreeMap::new(),
        assigned: Assigned {
            of: vec![None; function.types.len()],
            types: Vec::new(),
            runs: BTreeMap::new(),
            spare: BTreeMap::new(),
        },
    };
    scan.parameters(lives);
    scan.values(lives);
    scan.runs(lives, emitted);
    scan.assigned
}

/// Values that had better share a register: what is given for a parameter, and the parameter.
fn hints(function: &Function, lives: &Lives) -> Vec<Vec<Val>> {
    let mut hints = vec![Vec::new(); function.types.len()];
    for id in &lives.order {
        for edge in function.blocks[id.index()].end.edges() {
            for (param, arg) in function.blocks[edge.to.index()].params.iter().zip(&edge.args) {
                hints[arg.index()].push(*param);
                hints[param.index()].push(*arg);
            }
        }
    }
    hints
}

struct Scan<'a> {
    function: &'a Function,
    hints: Vec<Vec<Val>>,
    /// Values that have a register, by where they end.
    active: BinaryHeap<Reverse<(Position, Val)>>,
    free: BTreeMap<Type, BTreeSet<Register>>,
    assigned: Assigned,
}

impl Scan<'_> {
    /// The function's parameters have the first registers.
    fn parameters(&mut self, lives: &Lives) {
        for param in &self.function.blocks[0].params {
            let register = self.new_register(self.function.ty(*param));
            self.take(*param, register, lives);
        }
    }

    fn values(&mut self, lives: &Lives) {
        let params: BTreeSet<Val> = self.function.blocks[0].params.iter().copied().collect();
        let mut starts: Vec<(Position, Val)> = (0u32..)
            .map(Val)
            .zip(&lives.lives)
            .filter_map(|(value, life)| life.map(|(start, _)| (start, value)))
            .filter(|(_, value)| !params.contains(value))
            .collect();
        starts.sort_unstable();
        for (start, value) in starts {
            self.expire(start);
            let ty = self.function.ty(value);
            let register = self.choose(value, ty);
            self.take(value, register, lives);
        }
    }

    fn expire(&mut self, now: Position) {
        while let Some(Reverse((end, value))) = self.active.peek().copied() {
            if end >= now {
                return;
            }
            self.active.pop();
            if let Some(register) = self.assigned.of[value.index()] {
                self.free
                    .entry(self.function.ty(value))
                    .or_default()
                    .insert(register);
            }
        }
    }

    fn choose(&mut self, value: Val, ty: Type) -> Register {
        let free = self.free.entry(ty).or_default();
        let of = &self.assigned.of;
        let hinted = self.hints[value.index()]
            .iter()
            .filter_map(|hint| of[hint.index()]);
        let found = hinted
            .filter(|register| free.contains(register))
            .min()
            .or_else(|| free.first().copied());
        match found {
            Some(register) => {
                free.remove(&register);
                register
            }
            None => self.new_register(ty),
        }
    }

    fn new_register(&mut self, ty: Type) -> Register {
        let register = Register::try_from(self.assigned.types.len()).unwrap_or(Register::MAX);
        self.assigned.types.push(ty);
        register
    }

    fn take(&mut self, value: Val, register: Register, lives: &Lives) {
        self.assigned.of[value.index()] = Some(register);
        let end = lives.lives[value.index()].map_or(0, |(_, end)| end);
        self.active.push(Reverse((end, value)));
    }

    /// Runs have registers of their own. One that begins another one shares them.
    fn runs(&mut self, lives: &Lives, emitted: &[Vec<bool>]) {
        let mut wanted: BTreeSet<Vec<Type>> = BTreeSet::new();
        for id in &lives.order {
            let block = &self.function.blocks[id.index()];
            for (inst, emitted) in block.insts.iter().zip(&emitted[id.index()]) {
                if *emitted {
                    wanted.extend(runs_of(self.function, inst));
                }
            }
            if let crate::ir::End::Ret(values) = &block.end
                && values.len() > 1
            {
                wanted.insert(values.iter().map(|value| self.function.ty(*value)).collect());
            }
        }
        let mut longest: Vec<Vec<Type>> = wanted.into_iter().collect();
        longest.sort_by_key(|run| Reverse(run.len()));
        for run in longest {
            let shared = self
                .assigned
                .runs
                .iter()
                .find(|(other, _)| other.starts_with(&run))
                .map(|(_, at)| *at);
            let first = shared.unwrap_or_else(|| {
                let first = Register::try_from(self.assigned.types.len()).unwrap_or(Register::MAX);
                self.assigned.types.extend(&run);
                first
            });
            self.assigned.runs.insert(run, first);
        }
    }
}

impl Assigned {
    /// The register of a value.
    pub fn register(&self, value: Val) -> Register {
        self.of[value.index()].expect("every value that is read was made before")
    }

    /// A register of the type that holds nothing.
    pub fn spare(&mut self, ty: Type) -> Register {
        if let Some(register) = self.spare.get(&ty) {
            return *register;
        }
        let register = Register::try_from(self.types.len()).unwrap_or(Register::MAX);
        self.types.push(ty);
        self.spare.insert(ty, register);
        register
    }
}
