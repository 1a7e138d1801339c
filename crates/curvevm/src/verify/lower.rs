//! From checked instructions to the form that runs: operands as words of the frame, jumps with the gas of where they go.

use std::collections::BTreeSet;

use super::{Frame, Problem, Summary, function::run_types, fuse::fuse};
use crate::{Function, Instr, Opcode, Operand, Program, Run, Type, isa::Code};

/// An instruction as it runs, 16 bytes.
///
/// Registers and runs are words of the frame: the first three in `a`, `b`, `c`, a fourth in the low 16 bits of `imm`, and then
/// the other operand above it. A jump's target is in `c`, its 16-bit immediate in `b`, the gas of its blocks in `imm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    pub code: Code,
    /// What a fused instruction adds.
    pub step: u8,
    pub a: u16,
    pub b: u16,
    pub c: u16,
    pub imm: u64,
}

/// Gas of the two blocks that may follow a jump.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    pub taken: u32,
    pub next: u32,
}

impl Blocks {
    fn pack(self) -> u64 {
        (u64::from(self.taken) << 32) | u64::from(self.next)
    }

    #[inline(always)]
    pub fn unpack(imm: u64) -> Self {
        Self {
            taken: (imm >> 32) as u32,
            next: imm as u32,
        }
    }
}

/// The code of all functions as it grows.
#[derive(Debug, Default)]
pub struct Builder {
    /// As written.
    pub plain: Vec<Op>,
    /// As run: of the same length, so that instructions have the same place in both.
    pub code: Vec<Op>,
    /// What each instruction costs.
    pub costs: Vec<u64>,
    pub frames: Vec<Frame>,
    pub packs: Vec<Vec<Type>>,
    /// Instructions of the longest block.
    pub longest: usize,
}

/// One function on its way.
struct Lowering<'a> {
    program: &'a Program,
    function: &'a Function,
    own: &'a Summary,
    start: usize,
    /// Gas from each instruction to the end of its block.
    blocks: Vec<u32>,
}

impl Builder {
    /// Appends a function; the last of the summaries is its own. Returns the most gas that it uses.
    pub fn function(
        &mut self,
        program: &Program,
        function: &Function,
        summaries: &[Summary],
    ) -> Result<Option<u64>, Problem> {
        let Some(own) = summaries.last() else {
            return Ok(None);
        };
        let costs: Vec<u64> = function
            .code
            .iter()
            .map(|i| cost(program, function, summaries, i))
            .collect();
        let lowering = Lowering {
            program,
            function,
            own,
            start: self.plain.len(),
            blocks: block_gas(function, &costs)?,
        };
        for (pc, instr) in function.code.iter().enumerate() {
            let op = lowering.op(pc, instr, &mut self.packs);
            self.plain.push(op);
        }
        let blocks = function.code.split_inclusive(|instr| instr.op.ends_block());
        self.longest = blocks.map(<[Instr]>::len).fold(self.longest, usize::max);
        let targets: BTreeSet<usize> = function.code.iter().filter_map(target).collect();
        let fused = fuse(&self.plain[lowering.start..], &targets);
        self.code.extend(fused);
        self.frames.push(Frame {
            start: lowering.start as u32,
            params: words_of(function.params.iter().map(|field| field.ty)),
            words: *own.words.last().unwrap_or(&0),
            results: words_of(function.results.iter().copied()),
            gas: lowering.blocks[0],
        });
        let worst = worst_gas(function, &costs, summaries);
        self.costs.extend(costs);
        Ok(worst)
    }
}

impl Lowering<'_> {
    fn op(&self, pc: usize, instr: &Instr, packs: &mut Vec<Vec<Type>>) -> Op {
        let mut registers = Vec::with_capacity(4);
        let mut other = None;
        let mut op = Op {
            code: instr.op.into(),
            step: 0,
            a: 0,
            b: 0,
            c: 0,
            imm: 0,
        };
        for ((_, kind), arg) in instr.op.spec().operands.iter().zip(instr.args) {
            match kind {
                Operand::In(_) | Operand::Out(_) | Operand::InRun(_) | Operand::OutRun(_) => {
                    registers.push(self.own.words[arg as usize]);
                }
                Operand::Target | Operand::Count => {}
                Operand::Imm16 => op.b = arg as u16,
                _ => other = Some(arg),
            }
        }
        for (field, word) in [&mut op.a, &mut op.b, &mut op.c].into_iter().zip(&registers) {
            *field = *word;
        }
        op.imm = match registers.get(3) {
            Some(fourth) => u64::from(*fourth) | (other.unwrap_or(0) << 16),
            None => other.unwrap_or(0),
        };
        match instr.op {
            Opcode::Pack => {
                op.imm = packs.len() as u64;
                packs.push(run_types(
                    self.program,
                    self.function,
                    instr,
                    Run::Counted,
                    &self.own.types,
                ));
            }
            Opcode::Slice => {
                if let Type::Bytes(bound) = self.own.types[instr.args[0] as usize] {
                    op.imm |= u64::from(bound) << 16;
                }
            }
            Opcode::Ret => op.b = words_of(self.function.results.iter().copied()),
            _ => {}
        }
        if let Some(target) = target(instr) {
            // The whole code has at most MAX_CODE instructions.
            op.c = self.start.wrapping_add(target) as u16;
            let next = self.blocks.get(pc.wrapping_add(1)).copied().unwrap_or(0);
            let taken = self.blocks[target];
            op.imm = Blocks { taken, next }.pack();
        }
        op
    }
}

/// Words of a record: of sixteen fields at most.
fn words_of(types: impl Iterator<Item = Type>) -> u16 {
    types.map(Type::words).sum::<usize>() as u16
}

/// Where an instruction may jump to.
fn target(instr: &Instr) -> Option<usize> {
    let operands = instr.op.spec().operands.iter().zip(instr.args);
    let mut targets = operands.filter(|((_, kind), _)| *kind == Operand::Target);
    targets.next().map(|(_, arg)| arg as usize)
}

fn cost(program: &Program, function: &Function, summaries: &[Summary], instr: &Instr) -> u64 {
    let own = summaries.last().map_or(&[][..], |own| &own.types);
    let mut bytes = 0u32;
    let mut words = 0u32;
    for ((_, kind), arg) in instr.op.spec().operands.iter().zip(instr.args) {
        let types = match kind {
            Operand::InRun(run) | Operand::OutRun(run) => run_types(program, function, instr, *run, own),
            Operand::In(_) | Operand::Out(_) => vec![own[arg as usize]],
            _ => Vec::new(),
        };
        let run = matches!(kind, Operand::InRun(_) | Operand::OutRun(_));
        let counted = types.iter().filter(|ty| run || matches!(ty, Type::Bytes(_)));
        // At most two runs of sixteen byte strings of 1026 bytes.
        bytes = bytes.saturating_add(counted.map(|ty| ty.max_bytes()).sum());
        if *kind == Operand::Function {
            words = u32::from(*summaries[arg as usize].words.last().unwrap_or(&0));
        }
    }
    instr.op.spec().cost.of(bytes, words)
}

/// The gas from each instruction up to and including the next one that ends a block.
fn block_gas(function: &Function, costs: &[u64]) -> Result<Vec<u32>, Problem> {
    let mut blocks = vec![0; costs.len()];
    let mut rest = 0;
    for (pc, instr) in function.code.iter().enumerate().rev() {
        if instr.op.ends_block() {
            rest = 0;
        }
        // Each is a few million, and the rest fits a u32.
        rest = costs[pc].saturating_add(rest);
        blocks[pc] = u32::try_from(rest).map_err(|_| Problem::BlockGas {
            got: rest,
            max: u32::MAX.into(),
        })?;
    }
    Ok(blocks)
}

/// The most gas on any way through a function, unless it can jump back, leave the program, or call a function that can.
fn worst_gas(function: &Function, costs: &[u64], summaries: &[Summary]) -> Option<u64> {
    let mut worst: Vec<u64> = vec![0; costs.len().checked_add(1)?];
    for (pc, instr) in function.code.iter().enumerate().rev() {
        let after = if instr.op.is_terminator() {
            0
        } else {
            worst[pc.checked_add(1)?]
        };
        let jump = match target(instr) {
            Some(target) if target <= pc => return None,
            Some(target) => worst[target],
            None => 0,
        };
        let callee = match instr.op {
            Opcode::Call => summaries[instr.args[0] as usize].worst?,
            op if op.leaves() => return None,
            _ => 0,
        };
        worst[pc] = costs[pc].checked_add(callee)?.checked_add(after.max(jump))?;
    }
    worst.first().copied()
}
