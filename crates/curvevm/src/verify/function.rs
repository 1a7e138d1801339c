//! The instructions of one function.

use super::{Place, Problem, Summary, VerifyError};
use crate::{
    Class, Function, Instr, Kind, MAX_OPERANDS, Opcode, Operand, Program, Run, Type,
    limits::{MAX_BYTES, MAX_FIELDS},
};

/// Reads one function. What it reads before it is known by [`Summary`].
pub struct Checker<'a> {
    program: &'a Program,
    before: &'a [Summary],
    index: usize,
    function: &'a Function,
    summary: Summary,
}

/// What the operands of one instruction have in common.
#[derive(Default)]
struct Bound {
    /// The type of its registers of class `Any64`, `Any128` or `Any256`.
    any: Option<Type>,
    /// Bound of the byte string that is written.
    written: Option<u32>,
    /// Bounds of the byte strings that are read.
    read: [u32; MAX_OPERANDS],
}

impl<'a> Checker<'a> {
    pub fn new(program: &'a Program, before: &'a [Summary], index: usize) -> Result<Self, VerifyError> {
        let function = &program.functions[index];
        let types: Vec<Type> = function.register_types().collect();
        let mut words = Vec::new();
        let mut end = 0u16;
        for ty in &types {
            words.push(end);
            // The sum is at most MAX_WORDS: the schema is checked.
            end = end.wrapping_add(ty.words() as u16);
        }
        words.push(end);
        let summary = Summary {
            words,
            types,
            stack: end.into(),
            depth: 1,
            ..Summary::default()
        };
        Ok(Self {
            program,
            before,
            index,
            function,
            summary,
        })
    }

    /// Checks every instruction.
    pub fn check(mut self) -> Result<Summary, VerifyError> {
        let function = self.index;
        let at = |pc, problem| VerifyError::new(Place::Instr { function, pc }, problem);
        let Some(last) = self.function.code.last() else {
            return Err(VerifyError::new(Place::Function(function), Problem::Empty));
        };
        for (pc, instr) in self.function.code.iter().enumerate() {
            self.instr(instr).map_err(|problem| at(pc, problem))?;
        }
        if !last.op.is_terminator() {
            let pc = self.function.code.len().saturating_sub(1);
            return Err(at(pc, Problem::FallsOff));
        }
        Ok(self.summary)
    }

    fn instr(&mut self, instr: &Instr) -> Result<(), Problem> {
        self.purity(instr.op)?;
        let mut bound = Bound::default();
        for (at, (name, operand)) in instr.op.spec().operands.iter().enumerate() {
            let arg = instr.args[at];
            match operand {
                Operand::In(class) => {
                    let ty = self.register(name, *class, arg, &mut bound)?;
                    if let Type::Bytes(n) = ty {
                        bound.read[at] = n.into();
                    }
                }
                Operand::Out(class) => {
                    if let Type::Bytes(n) = self.register(name, *class, arg, &mut bound)? {
                        bound.written = Some(n.into());
                    }
                }
                Operand::InRun(run) => self.run(name, *run, arg, instr, false)?,
                Operand::OutRun(run) => self.run(name, *run, arg, instr, true)?,
                _ => self.other(name, *operand, arg)?,
            }
        }
        self.constant(instr)?;
        self.written_bytes(instr, &bound)
    }

    fn purity(&mut self, op: Opcode) -> Result<(), Problem> {
        self.summary.writes |= op.writes();
        self.summary.leaves |= op.leaves();
        self.allowed()
    }

    fn allowed(&self) -> Result<(), Problem> {
        if self.summary.writes && self.function.kind.is_pure() {
            return Err(Problem::Writes);
        }
        if self.summary.leaves && self.function.kind == Kind::Invariant {
            return Err(Problem::Leaves);
        }
        Ok(())
    }

    fn register(
        &self,
        operand: &'static str,
        class: Class,
        arg: u64,
        bound: &mut Bound,
    ) -> Result<Type, Problem> {
        let count = self.summary.types.len();
        let register = index("register", arg, count)?;
        let got = self.summary.types[register];
        let fits = match class {
            Class::U64 => got == Type::U64,
            Class::I64 => got == Type::I64,
            Class::U128 => got == Type::U128,
            Class::Fix => got == Type::Fix,
            Class::Bool => got == Type::Bool,
            Class::Address => got == Type::Address,
            Class::Hash => got == Type::Hash,
            Class::Bytes => matches!(got, Type::Bytes(_)),
            Class::Any64 => matches!(got, Type::U64 | Type::I64 | Type::Bool),
            Class::Any128 => matches!(got, Type::U128 | Type::Fix),
            Class::Any256 => matches!(got, Type::Address | Type::Hash),
        };
        let any = matches!(class, Class::Any64 | Class::Any128 | Class::Any256);
        let same = !any || *bound.any.get_or_insert(got) == got;
        if fits && same {
            return Ok(got);
        }
        let expected = match bound.any {
            Some(ty) if fits => ty.to_string(),
            _ => crate::reference::describe(Operand::In(class)),
        };
        Err(Problem::RegisterType {
            operand,
            register,
            got,
            expected,
        })
    }

    fn run(
        &self,
        operand: &'static str,
        run: Run,
        arg: u64,
        instr: &Instr,
        out: bool,
    ) -> Result<(), Problem> {
        let count = self.summary.types.len();
        let declared = run_types(self.program, self.function, instr, run, &self.summary.types);
        let length = match run {
            Run::Counted => usize::try_from(instr.args[1]).unwrap_or(usize::MAX),
            _ => declared.len(),
        };
        let first = usize::try_from(arg).ok();
        let end = first.and_then(|first| first.checked_add(length));
        let (Some(first), Some(_)) = (first, end.filter(|end| *end <= count)) else {
            let first = arg;
            return Err(Problem::Run {
                operand,
                first,
                length,
                count,
            });
        };
        let registers = self.summary.types.iter().enumerate().skip(first);
        for (ty, (register, got)) in declared.iter().zip(registers) {
            let fits = if out { got.accepts(*ty) } else { ty.accepts(*got) };
            if !fits {
                return Err(Problem::RegisterType {
                    operand,
                    register,
                    got: *got,
                    expected: ty.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Operands that are no registers.
    fn other(&mut self, operand: &'static str, kind: Operand, got: u64) -> Result<(), Problem> {
        let program = self.program;
        match kind {
            Operand::Imm16 => immediate(operand, got, u16::MAX.into()),
            Operand::ImmBool => immediate(operand, got, 1),
            Operand::Count => immediate(operand, got, MAX_FIELDS as u64),
            Operand::Target => index("instruction", got, self.function.code.len()).map(drop),
            Operand::Constant => index("constant", got, program.constants.len()).map(drop),
            Operand::Event => index("event", got, program.events.len()).map(drop),
            Operand::Error => index("error", got, program.errors.len()).map(drop),
            Operand::Cell | Operand::Map => {
                let slot = index("slot", got, program.slots.len())?;
                let is_map = !program.slots[slot].keys.is_empty();
                let expected = if kind == Operand::Map { "map" } else { "cell" };
                wrong_kind("slot", slot, expected, is_map == (kind == Operand::Map))
            }
            Operand::EntryInterface | Operand::ViewInterface => {
                let interface = index("interface", got, program.interfaces.len())?;
                let view = kind == Operand::ViewInterface;
                let expected = if view { "view" } else { "entry" };
                wrong_kind(
                    "interface",
                    interface,
                    expected,
                    program.interfaces[interface].view == view,
                )
            }
            Operand::Function => self.call(index("function", got, program.functions.len())?),
            _ => Ok(()),
        }
    }

    fn call(&mut self, callee: usize) -> Result<(), Problem> {
        let Some(known) = self.before.get(callee) else {
            let own = self.index;
            return Err(Problem::CallsForward { got: callee, own });
        };
        if !matches!(self.program.functions[callee].kind, Kind::Internal | Kind::View) {
            return Err(Problem::CallsExported { got: callee });
        }
        let own = usize::from(*self.summary.words.last().unwrap_or(&0));
        let summary = &mut self.summary;
        summary.writes |= known.writes;
        summary.leaves |= known.leaves;
        summary.depth = summary.depth.max(known.depth.saturating_add(1));
        summary.stack = summary.stack.max(known.stack.saturating_add(own));
        self.allowed()
    }

    /// A constant is of the type of the register that it goes to.
    fn constant(&self, instr: &Instr) -> Result<(), Problem> {
        if !matches!(instr.op, Opcode::Const128 | Opcode::Const256 | Opcode::ConstBytes) {
            return Ok(());
        }
        let register = instr.args[0] as usize;
        let got = self.summary.types[register];
        let constant = self.program.constants[instr.args[1] as usize].ty();
        if got.accepts(constant) {
            return Ok(());
        }
        Err(Problem::RegisterType {
            operand: "d",
            register,
            got,
            expected: constant.to_string(),
        })
    }

    /// A written byte string holds whatever may be written.
    fn written_bytes(&self, instr: &Instr, bound: &Bound) -> Result<(), Problem> {
        let Some(got) = bound.written else {
            return Ok(());
        };
        let expected = match instr.op {
            Opcode::MovBytes | Opcode::SelectBytes => bound.read.iter().copied().max().unwrap_or(0),
            Opcode::Concat => bound.read.iter().sum(),
            Opcode::Pack => {
                let types = run_types(
                    self.program,
                    self.function,
                    instr,
                    Run::Counted,
                    &self.summary.types,
                );
                types.iter().map(|ty| ty.max_bytes()).sum()
            }
            _ => 0,
        };
        if expected > got || expected > MAX_BYTES.into() {
            return Err(Problem::BytesBound { got, expected });
        }
        Ok(())
    }
}

/// The declared types of a run of an instruction whose indices are checked. Of a run of any registers, their own types.
pub(super) fn run_types(
    program: &Program,
    function: &Function,
    instr: &Instr,
    run: Run,
    registers: &[Type],
) -> Vec<Type> {
    let operand = |wanted: &[Operand]| {
        let operands = instr.op.spec().operands.iter().zip(instr.args);
        let mut found = operands.filter(|((_, kind), _)| wanted.contains(kind));
        found.next().map_or(usize::MAX, |(_, arg)| arg as usize)
    };
    let callee = || &program.functions[operand(&[Operand::Function])];
    let slot = || &program.slots[operand(&[Operand::Cell, Operand::Map])];
    let interface = || &program.interfaces[operand(&[Operand::EntryInterface, Operand::ViewInterface])];
    match run {
        Run::Params => callee().params.iter().map(|field| field.ty).collect(),
        Run::Results => callee().results.clone(),
        Run::Returns => function.results.clone(),
        Run::Keys => slot().keys.clone(),
        Run::Values => slot().value_types(),
        Run::Fields => program.events[operand(&[Operand::Event])]
            .fields
            .iter()
            .map(|field| field.ty)
            .collect(),
        Run::InterfaceParams => interface().params.clone(),
        Run::InterfaceResults => interface().results.clone(),
        Run::Counted => {
            let (count, first) = (instr.args[1] as usize, instr.args[2] as usize);
            registers.iter().copied().skip(first).take(count).collect()
        }
    }
}

fn index(what: &'static str, got: u64, count: usize) -> Result<usize, Problem> {
    match usize::try_from(got) {
        Ok(index) if index < count => Ok(index),
        _ => Err(Problem::Index { what, got, count }),
    }
}

fn immediate(operand: &'static str, got: u64, max: u64) -> Result<(), Problem> {
    if got > max {
        Err(Problem::Immediate { operand, got, max })
    } else {
        Ok(())
    }
}

fn wrong_kind(what: &'static str, got: usize, expected: &'static str, right: bool) -> Result<(), Problem> {
    if right {
        Ok(())
    } else {
        Err(Problem::WrongKind { what, got, expected })
    }
}
