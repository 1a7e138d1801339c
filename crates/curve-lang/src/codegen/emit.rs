//! Instructions.

use std::collections::BTreeMap;

use curvevm::{Instr, MAX_OPERANDS, Mark, Opcode, Operand, Type};

use super::{
    TooLarge,
    assign::{self, Assigned, Register, parts},
    live,
    moves::{Move, in_order, move_opcode},
    select::{self, Selected, Test},
};
use crate::{
    ir::{BlockId, Edge, End, Function, Inst, Val},
    span::{LineIndex, Span},
};

/// Where a jump goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Block(BlockId),
    /// A place within a block's code.
    Local(usize),
}

struct Emitter<'a> {
    function: &'a Function,
    lines: &'a LineIndex,
    assigned: Assigned,
    selected: Selected,
    code: Vec<Instr>,
    marks: Vec<Mark>,
    labels: BTreeMap<Label, usize>,
    /// Jumps, by their place in the code.
    jumps: Vec<(usize, Label)>,
}

pub fn function(function: Function, lines: &LineIndex) -> Result<curvevm::Function, TooLarge> {
    let selected = select::run(&function);
    let lives = live::run(&function, &selected);
    let assigned = assign::run(&function, &lives, &selected.emitted);
    let mut emitter = Emitter {
        function: &function,
        lines,
        assigned,
        selected,
        code: Vec::new(),
        marks: Vec::new(),
        labels: BTreeMap::new(),
        jumps: Vec::new(),
    };
    for (at, id) in lives.order.iter().enumerate() {
        emitter.block(*id, lives.order.get(at.saturating_add(1)).copied());
    }
    emitter.resolve();
    let Emitter {
        code,
        marks,
        assigned,
        ..
    } = emitter;
    check_size(&function, &code, &assigned)?;
    let mut shell = function.shell;
    shell.registers = assigned
        .types
        .get(shell.params.len()..)
        .unwrap_or_default()
        .to_vec();
    (shell.code, shell.marks) = (code, marks);
    Ok(shell)
}

fn check_size(function: &Function, code: &[Instr], assigned: &Assigned) -> Result<(), TooLarge> {
    let words = assigned
        .types
        .iter()
        .map(|ty| ty.words())
        .fold(0, usize::saturating_add);
    let checks = [
        ("words of registers", words, curvevm::limits::MAX_WORDS),
        ("instructions", code.len(), curvevm::limits::MAX_CODE),
    ];
    for (what, got, most) in checks {
        if got > most {
            return Err(TooLarge {
                what,
                got,
                most,
                span: function.span,
            });
        }
    }
    Ok(())
}

impl Emitter<'_> {
    fn block(&mut self, id: BlockId, next: Option<BlockId>) {
        self.labels.insert(Label::Block(id), self.code.len());
        let function = self.function;
        let block = &function.blocks[id.index()];
        for (at, inst) in block.insts.iter().enumerate() {
            if self.selected.emitted[id.index()][at] {
                self.mark(inst.span);
                self.inst(inst);
            }
        }
        self.mark(block.end_span);
        match &block.end {
            End::Jump(edge) => self.go(edge, next),
            End::Branch(_, yes, no) => self.branch(id, yes, no, next),
            End::Ret(values) => {
                let run = self.run_in(values);
                self.push(Opcode::Ret, &[run]);
            }
            End::Revert(error) => self.push(Opcode::Revert, &[u64::from(*error)]),
            End::Unreachable => self.push(Opcode::Unreachable, &[]),
        }
    }

    /// Says where in the source the next instructions come from.
    fn mark(&mut self, span: Span) {
        let at = self.lines.line_column(span.start);
        let (line, column) = (at.line.saturating_add(1), at.column.saturating_add(1));
        let Ok(pc) = u16::try_from(self.code.len()) else {
            return;
        };
        let mark = Mark {
            pc,
            file: 0,
            line,
            column,
        };
        match self.marks.last_mut() {
            Some(last) if (last.line, last.column) == (line, column) => {}
            Some(last) if last.pc == pc => *last = mark,
            _ => self.marks.push(mark),
        }
    }

    fn push(&mut self, op: Opcode, operands: &[u64]) {
        let mut args = [0; MAX_OPERANDS];
        for (arg, operand) in args.iter_mut().zip(operands) {
            *arg = *operand;
        }
        self.code.push(Instr { op, args });
    }

    fn inst(&mut self, inst: &Inst) {
        let mut operands = Vec::with_capacity(MAX_OPERANDS);
        let mut made = None;
        let parts = parts(inst);
        let mut parts = parts.iter();
        for (_, operand) in inst.op.spec().operands {
            let operand = match operand {
                Operand::In(_) | Operand::Out(_) => match parts.next().and_then(|part| part.values.first()) {
                    Some(value) => u64::from(self.assigned.register(*value)),
                    None => 0,
                },
                Operand::InRun(_) => parts.next().map_or(0, |part| self.run_in(part.values)),
                Operand::OutRun(_) => match parts.next() {
                    Some(part) => {
                        let first = self.run_out(part.values);
                        made = Some((first, part.values));
                        u64::from(first)
                    }
                    None => 0,
                },
                Operand::Count => inst.ins.len() as u64,
                _ => inst.imm,
            };
            operands.push(operand);
        }
        self.push(inst.op, &operands);
        if let Some((first, values)) = made {
            self.take_out(first, values);
        }
    }

    fn types(&self, values: &[Val]) -> Vec<Type> {
        values.iter().map(|value| self.function.ty(*value)).collect()
    }

    /// The first register of a run with these values.
    fn run_in(&mut self, values: &[Val]) -> u64 {
        let registers: Vec<Register> = values
            .iter()
            .map(|value| self.assigned.register(*value))
            .collect();
        let Some(first) = registers.first().copied() else {
            return 0;
        };
        if (first..)
            .zip(&registers)
            .all(|(wanted, register)| wanted == *register)
        {
            return u64::from(first);
        }
        let types = self.types(values);
        let run = self.assigned.runs.get(&types).copied().unwrap_or(0);
        for ((to, from), ty) in (run..).zip(registers).zip(types) {
            self.push(move_opcode(ty), &[u64::from(to), u64::from(from)]);
        }
        u64::from(run)
    }

    /// The first register of a run that is written.
    fn run_out(&self, values: &[Val]) -> Register {
        match values {
            [] => 0,
            [only] => self.assigned.register(*only),
            values => self.assigned.runs.get(&self.types(values)).copied().unwrap_or(0),
        }
    }

    /// Takes what was written to a run to where it is kept.
    fn take_out(&mut self, first: Register, values: &[Val]) {
        if values.len() < 2 {
            return;
        }
        for (from, value) in (first..).zip(values) {
            let to = self.assigned.register(*value);
            let op = move_opcode(self.function.ty(*value));
            self.push(op, &[u64::from(to), u64::from(from)]);
        }
    }

    fn moves(&mut self, edge: &Edge) -> Vec<Move> {
        let params = &self.function.blocks[edge.to.index()].params;
        let pairs = params.iter().zip(&edge.args);
        let moves = pairs.filter_map(|(param, arg)| {
            // What nobody reads has no register.
            let to = self.assigned.of[param.index()]?;
            Some(Move {
                to,
                from: self.assigned.register(*arg),
            })
        });
        let moves = moves.collect();
        in_order(moves, &mut self.assigned)
    }

    fn push_moves(&mut self, moves: &[Move]) {
        for one in moves {
            let op = move_opcode(self.assigned.types[usize::from(one.to)]);
            self.push(op, &[u64::from(one.to), u64::from(one.from)]);
        }
    }

    fn go(&mut self, edge: &Edge, next: Option<BlockId>) {
        let moves = self.moves(edge);
        self.go_with(edge, &moves, next);
    }

    fn go_with(&mut self, edge: &Edge, moves: &[Move], next: Option<BlockId>) {
        self.push_moves(moves);
        if Some(edge.to) != next {
            self.jumps.push((self.code.len(), Label::Block(edge.to)));
            self.push(Opcode::Jump, &[0]);
        }
    }

    fn branch(&mut self, id: BlockId, yes: &Edge, no: &Edge, next: Option<BlockId>) {
        let (yes_moves, no_moves) = (self.moves(yes), self.moves(no));
        let Some(test) = self.selected.tests[id.index()] else {
            return;
        };
        if yes_moves.is_empty() && (Some(yes.to) != next || !no_moves.is_empty()) {
            self.test(test, true, Label::Block(yes.to));
            self.go_with(no, &no_moves, next);
        } else if no_moves.is_empty() {
            self.test(test, false, Label::Block(no.to));
            self.go_with(yes, &yes_moves, next);
        } else {
            let otherwise = Label::Local(self.code.len());
            self.test(test, false, otherwise);
            self.go_with(yes, &yes_moves, None);
            self.labels.insert(otherwise, self.code.len());
            self.go_with(no, &no_moves, next);
        }
    }

    /// Jumps if the test comes out so.
    fn test(&mut self, test: Test, wanted: bool, to: Label) {
        let (test, bool_op) = match (wanted, test.negated()) {
            (false, Some(negated)) => (negated, Opcode::JumpIf),
            (false, None) => (test, Opcode::JumpUnless),
            (true, _) => (test, Opcode::JumpIf),
        };
        self.jumps.push((self.code.len(), to));
        let register = |value: Val| u64::from(self.assigned.register(value));
        match test {
            Test::Bool(value) => {
                let value = register(value);
                self.push(bool_op, &[value, 0]);
            }
            Test::Two(op, a, b) => {
                let (a, b) = (register(a), register(b));
                self.push(op, &[a, b, 0]);
            }
            Test::Imm(op, a, n) => {
                let a = register(a);
                self.push(op, &[a, u64::from(n), 0]);
            }
        }
    }

    /// Now that all labels are known, jumps get their targets.
    fn resolve(&mut self) {
        for (at, label) in std::mem::take(&mut self.jumps) {
            let target = self.labels.get(&label).copied().unwrap_or(0) as u64;
            let op = self.code[at].op;
            let place = op
                .spec()
                .operands
                .iter()
                .position(|(_, operand)| *operand == Operand::Target);
            if let Some(place) = place {
                self.code[at].args[place] = target;
            }
        }
    }
}
