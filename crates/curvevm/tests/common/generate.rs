//! Random programs that the verifier has to accept, and random damage to them.
//!
//! The generator knows the rules of the verifier only through the instruction table: for every operand it takes a register of
//! a fitting type, or makes one.

#![allow(dead_code, reason = "each user takes what it needs")]

use curvevm::{
    Address, Class, ErrorKind, EventKind, Field, Function, Instr, Interface, Kind, MAX_OPERANDS, Mark,
    Opcode, Operand, Program, Run, Slot, TABLE, Type, Value,
};

/// SplitMix64: small, fast, the same everywhere.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A number that is often at an edge.
    pub fn number(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => u64::MAX,
            2 => self.next() % 8,
            3 => 1 << self.below(64),
            4 => self.next() % 1_000_000,
            _ => self.next(),
        }
    }

    pub fn ty(&mut self) -> Type {
        match self.below(9) {
            0 | 1 => Type::U64,
            2 => Type::I64,
            3 => Type::U128,
            4 => Type::Fix,
            5 => Type::Bool,
            6 => Type::Address,
            7 => Type::Hash,
            _ => Type::Bytes(1 + self.below(40) as u16),
        }
    }

    pub fn types(&mut self, most: usize) -> Vec<Type> {
        (0..self.below(most + 1)).map(|_| self.ty()).collect()
    }

    pub fn value(&mut self, ty: Type) -> Value {
        let wide = |rng: &mut Self| u128::from(rng.number()) | (u128::from(rng.number()) << 64);
        match ty {
            Type::U64 => Value::U64(self.number()),
            Type::I64 => Value::I64(self.number().cast_signed()),
            Type::U128 => Value::U128(wide(self)),
            Type::Fix => Value::Fix(wide(self)),
            Type::Bool => Value::Bool(self.chance(2)),
            Type::Address => Value::Address(Address::new([self.pick(&[0xa1, 0xc0, 0xc1]); 32])),
            Type::Hash => Value::Hash([self.next() as u8; 32]),
            Type::Bytes(bound) => {
                let length = self.below(usize::from(bound) + 1);
                Value::Bytes((0..length).map(|_| self.next() as u8).collect())
            }
        }
    }

    fn fields(&mut self, most: usize) -> Vec<Field> {
        named(self.types(most))
    }
}

fn named(types: Vec<Type>) -> Vec<Field> {
    let numbered = types.into_iter().enumerate();
    numbered
        .map(|(n, ty)| Field {
            name: format!("f{n}"),
            ty,
        })
        .collect()
}

/// A program that the verifier accepts. Its first two functions are an entry and a view that it declares as interfaces, so
/// that another copy of it can be called. With `loops` it may jump back, and then run out of gas.
pub fn program(rng: &mut Rng, loops: bool) -> Program {
    let mut program = declarations(rng);
    for index in 0..2 + rng.below(5) {
        let kind = match rng.below(8) {
            0 | 1 => Kind::Internal,
            2 => Kind::View,
            3 => Kind::Invariant,
            _ => Kind::Entry {
                payable: rng.chance(2),
            },
        };
        let kind = match program.interfaces.get(index) {
            Some(interface) if interface.view => Kind::View,
            Some(_) => Kind::Entry {
                payable: rng.chance(2),
            },
            None => kind,
        };
        let function = Generator::new(rng, &program, kind, index, loops).function();
        program.functions.push(function);
    }
    program
}

fn declarations(rng: &mut Rng) -> Program {
    let constants = [Type::U128, Type::Fix, Type::Address, Type::Hash, Type::Bytes(9)];
    let slots = (0..1 + rng.below(4)).map(|n| {
        let mut values = rng.fields(3);
        values.push(Field {
            name: "last".to_owned(),
            ty: rng.ty(),
        });
        Slot {
            name: format!("slot{n}"),
            keys: rng.types(3),
            values,
        }
    });
    let slots = slots.collect();
    let events = (0..2)
        .map(|n| EventKind {
            name: format!("Event{n}"),
            fields: rng.fields(4),
        })
        .collect();
    let interfaces = (0..2).map(|n| Interface {
        name: format!("function{n}"),
        view: n == 1,
        params: rng.types(3),
        results: rng.types(2),
    });
    let interfaces = interfaces.collect();
    Program {
        name: "random".to_owned(),
        constants: constants.iter().map(|ty| rng.value(*ty)).collect(),
        slots,
        events,
        errors: vec![ErrorKind {
            name: "Bad".to_owned(),
            message: "bad".to_owned(),
        }],
        interfaces,
        functions: Vec::new(),
        files: vec!["random.curve".to_owned()],
    }
}

/// Registers start as zeros, on which many instructions trap or do nothing: these come more often.
const CONSTANTS: [Opcode; 4] = [
    Opcode::ConstU64,
    Opcode::ConstI64,
    Opcode::Const128,
    Opcode::Const256,
];

struct Generator<'a> {
    rng: &'a mut Rng,
    program: &'a Program,
    function: Function,
    types: Vec<Type>,
    loops: bool,
}

impl<'a> Generator<'a> {
    fn new(rng: &'a mut Rng, program: &'a Program, kind: Kind, index: usize, loops: bool) -> Self {
        let invariant = kind == Kind::Invariant;
        let (params, results) = match program.interfaces.get(index) {
            Some(interface) => (named(interface.params.clone()), interface.results.clone()),
            None if invariant => (Vec::new(), vec![Type::Bool]),
            None => (rng.fields(4), rng.types(3)),
        };
        let types = params.iter().map(|field| field.ty).collect();
        let function = Function {
            name: format!("function{index}"),
            kind,
            params,
            results,
            registers: Vec::new(),
            code: Vec::new(),
            marks: Vec::new(),
        };
        Self {
            rng,
            program,
            function,
            types,
            loops,
        }
    }

    fn function(mut self) -> Function {
        let length = 2 + self.rng.below(30);
        while self.function.code.len() < length {
            let op = match self.rng.below(4) {
                0 => self.rng.pick(&CONSTANTS),
                _ => TABLE[self.rng.below(TABLE.len())].opcode,
            };
            self.instr(op, length);
        }
        let results = self.function.results.clone();
        let first = self.run(&results, false);
        self.function.code.push(Instr::new(Opcode::Ret, [first]));
        if self.rng.chance(2) {
            let pc = self.rng.below(self.function.code.len()) as u16;
            self.function.marks.push(Mark {
                pc,
                file: 0,
                line: 1,
                column: 1,
            });
        }
        self.function.registers = self.types.split_off(self.function.params.len());
        self.function
    }

    /// Appends an instruction, if this function may have it.
    fn instr(&mut self, op: Opcode, length: usize) {
        let pure = self.function.kind.is_pure();
        let invariant = self.function.kind == Kind::Invariant;
        let ends = op == Opcode::Unreachable || op == Opcode::Revert || op == Opcode::Ret;
        let rare = ends || op.leaves() || op == Opcode::Require || op == Opcode::Transfer;
        if (pure && op.writes()) || (invariant && op.leaves()) || (rare && !self.rng.chance(8)) {
            return;
        }
        let mut args = [0; MAX_OPERANDS];
        let mut any = None;
        for (at, (_, kind)) in op.spec().operands.iter().enumerate() {
            let Some(arg) = self.operand(op, *kind, &args, &mut any, length) else {
                return;
            };
            args[at] = arg;
        }
        self.function.code.push(Instr { op, args });
    }

    fn operand(
        &mut self,
        op: Opcode,
        kind: Operand,
        args: &[u64],
        any: &mut Option<Type>,
        length: usize,
    ) -> Option<u64> {
        let program = self.program;
        let one_of =
            |rng: &mut Rng, wanted: Vec<usize>| (!wanted.is_empty()).then(|| rng.pick(&wanted) as u64);
        let slots = |map: bool| {
            (0..program.slots.len())
                .filter(|n| program.slots[*n].keys.is_empty() != map)
                .collect()
        };
        Some(match kind {
            Operand::Out(class) => self.register(class, any, self.out_bound(op)),
            Operand::In(class) => self.register(class, any, 0),
            Operand::Imm64 | Operand::ImmI64 => self.rng.number(),
            Operand::Imm16 => self.rng.next() & 0xffff,
            Operand::ImmBool => self.rng.next() & 1,
            Operand::Constant => self.constant(args[0] as usize)?,
            Operand::Target => {
                let here = self.function.code.len();
                let first = if self.loops { 0 } else { here + 1 };
                // The last instruction of the function, a return, is at `length` at least.
                (first + self.rng.below(length + 1 - first)) as u64
            }
            Operand::Function => self.callee()?,
            Operand::Cell => one_of(self.rng, slots(false))?,
            Operand::Map => one_of(self.rng, slots(true))?,
            Operand::Event => self.rng.below(program.events.len()) as u64,
            Operand::Error => 0,
            Operand::EntryInterface => 0,
            Operand::ViewInterface => 1,
            Operand::Count => self.rng.below(4) as u64,
            Operand::InRun(run) => {
                let types = self.declared(op, run, args);
                self.run(&types, false)
            }
            Operand::OutRun(run) => {
                let types = self.declared(op, run, args);
                self.run(&types, true)
            }
        })
    }

    /// Bounds are below 50: what is written to byte strings is short enough for this.
    fn out_bound(&self, op: Opcode) -> u16 {
        match op {
            Opcode::Concat => 100,
            Opcode::Pack => 300,
            _ => 50,
        }
    }

    /// A register of a class, and not shorter than a bound if it is a byte string that is written.
    fn register(&mut self, class: Class, any: &mut Option<Type>, bound: u16) -> u64 {
        let fits = |ty: Type| match class {
            Class::U64 => ty == Type::U64,
            Class::I64 => ty == Type::I64,
            Class::U128 => ty == Type::U128,
            Class::Fix => ty == Type::Fix,
            Class::Bool => ty == Type::Bool,
            Class::Address => ty == Type::Address,
            Class::Hash => ty == Type::Hash,
            Class::Bytes => matches!(ty, Type::Bytes(n) if n >= bound && (bound > 0 || n < 50)),
            Class::Any64 => any.map_or(matches!(ty, Type::U64 | Type::I64 | Type::Bool), |any| any == ty),
            Class::Any128 => any.map_or(matches!(ty, Type::U128 | Type::Fix), |any| any == ty),
            Class::Any256 => any.map_or(matches!(ty, Type::Address | Type::Hash), |any| any == ty),
        };
        let found: Vec<usize> = (0..self.types.len()).filter(|n| fits(self.types[*n])).collect();
        let register = if found.is_empty() || self.rng.chance(8) {
            let ty = loop {
                let ty = if bound > 0 && class == Class::Bytes {
                    Type::Bytes(bound)
                } else {
                    self.rng.ty()
                };
                if fits(ty) {
                    break ty;
                }
            };
            self.types.push(ty);
            self.types.len() - 1
        } else {
            self.rng.pick(&found)
        };
        if matches!(class, Class::Any64 | Class::Any128 | Class::Any256) {
            *any = Some(self.types[register]);
        }
        register as u64
    }

    fn constant(&mut self, register: usize) -> Option<u64> {
        let ty = self.types[register];
        let index = self
            .program
            .constants
            .iter()
            .position(|value| ty.accepts(value.ty()));
        index.map(|index| index as u64)
    }

    fn callee(&mut self) -> Option<u64> {
        let kind = self.function.kind;
        let callable = self.program.functions.iter().enumerate().filter(|(_, f)| {
            // A function that writes or leaves is no callee of one that must not.
            f.kind == Kind::View && kind != Kind::Invariant || f.kind == Kind::Internal && !kind.is_pure()
        });
        let callable: Vec<usize> = callable.map(|(index, _)| index).collect();
        (!callable.is_empty()).then(|| self.rng.pick(&callable) as u64)
    }

    fn declared(&mut self, op: Opcode, run: Run, args: &[u64]) -> Vec<Type> {
        let operands = op.spec().operands.iter().zip(args);
        let mut entities = operands.filter(|((_, kind), _)| {
            use Operand::{Cell, Count, EntryInterface, Event, Function, Map, ViewInterface};
            matches!(
                kind,
                Cell | Map | Event | Function | EntryInterface | ViewInterface | Count
            )
        });
        let entity = entities.next().map_or(0, |(_, arg)| *arg as usize);
        let types = |fields: &[Field]| fields.iter().map(|field| field.ty).collect();
        match run {
            Run::Params => types(&self.program.functions[entity].params),
            Run::Results => self.program.functions[entity].results.clone(),
            Run::Returns => self.function.results.clone(),
            Run::Keys => self.program.slots[entity].keys.clone(),
            Run::Values => types(&self.program.slots[entity].values),
            Run::Fields => types(&self.program.events[entity].fields),
            Run::InterfaceParams => self.program.interfaces[entity].params.clone(),
            Run::InterfaceResults => self.program.interfaces[entity].results.clone(),
            Run::Counted => (0..entity).map(|_| self.rng.ty()).collect(),
        }
    }

    /// The first of consecutive registers of these types: some that are there, or new ones.
    fn run(&mut self, types: &[Type], out: bool) -> u64 {
        let fits = |register: Type, ty: Type| {
            if out {
                register.accepts(ty)
            } else {
                ty.accepts(register)
            }
        };
        let windows = self.types.windows(types.len().max(1)).enumerate();
        let found: Vec<usize> = windows
            .filter(|(_, window)| {
                window
                    .iter()
                    .zip(types)
                    .all(|(register, ty)| fits(*register, *ty))
            })
            .map(|(first, _)| first)
            .collect();
        if found.is_empty() || (!types.is_empty() && self.rng.chance(8)) {
            self.types.extend(types);
            return (self.types.len() - types.len()) as u64;
        }
        self.rng.pick(&found) as u64
    }
}

/// Changes something in a program; it may stay valid.
pub fn damage(rng: &mut Rng, program: &mut Program) {
    let index = rng.below(program.functions.len());
    let function = &mut program.functions[index];
    let registers = function.params.len() + function.registers.len();
    let length = function.code.len();
    if length == 0 {
        return;
    }
    let pc = rng.below(length);
    match rng.below(12) {
        0..=3 => {
            let instr = &mut function.code[pc];
            let at = rng.below(MAX_OPERANDS);
            instr.args[at] = match rng.below(4) {
                0 => rng.number(),
                _ => rng.below(registers.max(length) + 2) as u64,
            };
        }
        4 => function.code[pc].op = TABLE[rng.below(TABLE.len())].opcode,
        5 => function.code.truncate(pc),
        6 => {
            if let Some(last) = function.registers.len().checked_sub(1) {
                let at = rng.below(last + 1);
                function.registers[at] = rng.ty();
            }
        }
        7 => function.results = rng.types(4),
        8 => function.code.swap(pc, rng.below(length)),
        9 => {
            let copied = function.code[rng.below(length)];
            function.code.insert(pc, copied);
        }
        10 => {
            function.kind = match rng.below(5) {
                0 => Kind::Internal,
                1 => Kind::Init { payable: false },
                2 => Kind::Entry { payable: true },
                3 => Kind::View,
                _ => Kind::Invariant,
            }
        }
        _ => {
            let at = rng.below(program.slots.len());
            program.slots[at].keys = rng.types(5);
        }
    }
}
