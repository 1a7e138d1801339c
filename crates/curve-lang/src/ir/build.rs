//! The module, and the builder of one function.

use std::{collections::BTreeMap, rc::Rc};

use curvevm::{ErrorKind, EventKind, Kind, Opcode, Slot, Type as Scalar, Value as Word};

use super::{Block, BlockId, Edge, End, Function, Inst, Module, Val, layout};
use crate::{
    hir::{self, FnId, Program},
    span::Span,
    syntax::ast::FunctionKind,
    types::Type,
};

/// Bytes of an error's message.
const MAX_MESSAGE: usize = 200;

/// Lowers a checked program. With `inline`, small functions become part of their callers.
pub fn lower(program: &Program, file: &str, inline: bool) -> Module {
    let mut shell = shell(program, file);
    let mut constants = Constants::default();
    let indices: BTreeMap<FnId, u64> = program.order.iter().copied().zip(0..).collect();
    let sizes = super::control::sizes(program);
    let context = Context {
        program,
        indices,
        sizes,
        inline,
    };
    let mut functions = Vec::new();
    for id in &program.order {
        functions.push(Builder::function(&context, &mut constants, *id));
    }
    for invariant in &program.invariants {
        functions.push(Builder::invariant(&context, &mut constants, invariant));
    }
    shell.constants = constants.all;
    Module { shell, functions }
}

fn shell(program: &Program, file: &str) -> curvevm::Program {
    let slots = program.slots.iter().map(|slot| Slot {
        name: slot.named.name.clone(),
        keys: slot
            .key
            .iter()
            .flat_map(|key| layout::scalars(key, program))
            .collect(),
        values: layout::fields([("value", &slot.value)], program),
    });
    let interfaces = program
        .interfaces
        .iter()
        .flat_map(|interface| &interface.functions);
    let interfaces = interfaces.map(|function| curvevm::Interface {
        name: function.named.name.clone(),
        view: function.view,
        params: function
            .params
            .iter()
            .flat_map(|param| layout::scalars(&param.ty, program))
            .collect(),
        results: layout::scalars(&function.result, program),
    });
    let events = program.events.iter().map(|event| EventKind {
        name: event.named.name.clone(),
        fields: layout::fields(
            event.fields.iter().map(|f| (f.named.name.as_str(), &f.ty)),
            program,
        ),
    });
    let errors = program.errors.iter().map(|error| ErrorKind {
        name: error.name.clone(),
        message: cut(error.docs.lines().next().unwrap_or_default(), MAX_MESSAGE),
    });
    curvevm::Program {
        name: if program.name.is_empty() {
            "unnamed".to_owned()
        } else {
            program.name.clone()
        },
        slots: slots.collect(),
        events: events.collect(),
        errors: errors.collect(),
        interfaces: interfaces.collect(),
        files: vec![cut(file, MAX_MESSAGE)],
        ..curvevm::Program::default()
    }
}

/// The beginning of a text, of whole characters.
fn cut(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    text[..end].to_owned()
}

/// Constants of the machine, each once.
#[derive(Default)]
pub(super) struct Constants {
    all: Vec<Word>,
    places: BTreeMap<(Scalar, Word), u64>,
}

impl Constants {
    fn place(&mut self, ty: Scalar, word: &Word) -> u64 {
        let next = self.all.len() as u64;
        // Byte strings of different bounds may share a constant, other types of equal bits may not.
        let key = (
            if matches!(ty, Scalar::Bytes(_)) {
                Scalar::Bytes(0)
            } else {
                ty
            },
            word.clone(),
        );
        *self.places.entry(key).or_insert_with(|| {
            self.all.push(word.clone());
            next
        })
    }
}

/// What all functions share.
pub(super) struct Context<'a> {
    pub program: &'a Program,
    /// Each function's index in the machine.
    pub indices: BTreeMap<FnId, u64>,
    /// How large each function is with all that it calls.
    pub sizes: Vec<usize>,
    pub inline: bool,
}

/// A variable's scalars, or nothing if it has none yet.
pub(super) type Slots = Vec<Option<Rc<[Val]>>>;

/// Where a way through the code ends, and what is known there.
pub(super) struct Way {
    pub block: BlockId,
    pub vars: Slots,
    pub values: Vec<Val>,
}

/// A loop that is being lowered.
pub(super) struct Loop {
    pub exit: BlockId,
    /// Variables that it changes.
    pub changed: Vec<usize>,
    pub left: bool,
}

/// A function that is being lowered into its caller.
pub(super) struct Inlined {
    pub returns: Vec<Way>,
    /// How many variables the caller has.
    pub vars: usize,
}

pub(super) struct Builder<'a, 'c> {
    pub context: &'c Context<'a>,
    pub constants: &'c mut Constants,
    pub function: Function,
    pub block: BlockId,
    /// Whether control comes here at all.
    pub dead: bool,
    pub vars: Slots,
    pub var_types: Vec<Type>,
    /// Where the variables of the function at hand begin.
    pub base: usize,
    /// The variable that holds what is left of the payment.
    pub payment: Option<usize>,
    pub loops: Vec<Loop>,
    pub inlined: Vec<Inlined>,
    pub span: Span,
}

impl<'a, 'c> Builder<'a, 'c> {
    fn new(
        context: &'c Context<'a>,
        constants: &'c mut Constants,
        shell: curvevm::Function,
        span: Span,
    ) -> Self {
        let function = Function {
            shell,
            blocks: Vec::new(),
            types: Vec::new(),
            span,
        };
        let mut builder = Self {
            context,
            constants,
            function,
            block: BlockId(0),
            dead: false,
            vars: Vec::new(),
            var_types: Vec::new(),
            base: 0,
            payment: None,
            loops: Vec::new(),
            inlined: Vec::new(),
            span,
        };
        builder.block = builder.new_block(&[]).0;
        builder
    }

    fn function(context: &'c Context<'a>, constants: &'c mut Constants, id: FnId) -> Function {
        let program = context.program;
        let function = &program.functions[id.index()];
        let (name, payable) = (function.named.name.clone(), function.payable);
        let kind = match function.kind {
            FunctionKind::Fn => Kind::Internal,
            FunctionKind::Init => Kind::Init { payable },
            FunctionKind::Entry => Kind::Entry { payable },
            FunctionKind::View => Kind::View,
        };
        let params = function.locals.iter().take(usize::from(function.params));
        let shell = curvevm::Function {
            name,
            kind,
            params: layout::fields(params.map(|local| (local.name.as_str(), &local.ty)), program),
            results: layout::scalars(&function.result, program),
            registers: Vec::new(),
            code: Vec::new(),
            marks: Vec::new(),
        };
        let mut builder = Self::new(context, constants, shell, function.named.span);
        builder.enter(&function.locals);
        builder.bind_params(function);
        let values = builder.expr(&function.body);
        builder.span = Span::new(function.body.span.end.saturating_sub(1), function.body.span.end);
        builder.ret(values);
        builder.function
    }

    fn bind_params(&mut self, function: &hir::Function) {
        for at in 0..usize::from(function.params) {
            let types = layout::scalars(&function.locals[at].ty, self.context.program);
            let values: Vec<Val> = types.into_iter().map(|ty| self.function.value(ty)).collect();
            self.function.blocks[0].params.extend(&values);
            self.vars[at] = Some(values.into());
        }
        if function.payable {
            let payment = self.emit(Opcode::Payment, &[], Scalar::U64);
            self.payment = Some(self.vars.len());
            self.vars.push(Some(Rc::from([payment])));
            self.var_types.push(Type::asset());
        }
    }

    fn invariant(
        context: &'c Context<'a>,
        constants: &'c mut Constants,
        invariant: &hir::Invariant,
    ) -> Function {
        let shell = curvevm::Function {
            name: invariant.named.name.clone(),
            kind: Kind::Invariant,
            params: Vec::new(),
            results: vec![Scalar::Bool],
            registers: Vec::new(),
            code: Vec::new(),
            marks: Vec::new(),
        };
        let mut builder = Self::new(context, constants, shell, invariant.named.span);
        builder.enter(&invariant.locals);
        let values = builder.expr(&invariant.condition);
        builder.ret(values);
        builder.function
    }

    /// Makes room for the variables of a function.
    pub(super) fn enter(&mut self, locals: &[hir::Local]) {
        self.base = self.vars.len();
        self.vars.extend(locals.iter().map(|_| None));
        self.var_types.extend(locals.iter().map(|local| local.ty.clone()));
    }

    /// A new block with parameters of these types.
    pub(super) fn new_block(&mut self, types: &[Scalar]) -> (BlockId, Vec<Val>) {
        let params: Vec<Val> = types.iter().map(|ty| self.function.value(*ty)).collect();
        let id = BlockId(u32::try_from(self.function.blocks.len()).unwrap_or(u32::MAX));
        self.function.blocks.push(Block {
            params: params.clone(),
            insts: Vec::new(),
            end: End::Unreachable,
            end_span: self.span,
        });
        (id, params)
    }

    pub(super) fn push(&mut self, op: Opcode, ins: Vec<Val>, outs: Vec<Val>, imm: u64) {
        self.push_keyed(op, ins, outs, imm, 0);
    }

    /// An instruction that first reads so many keys of a map.
    pub(super) fn push_keyed(&mut self, op: Opcode, ins: Vec<Val>, outs: Vec<Val>, imm: u64, keys: usize) {
        let span = self.span;
        self.function.blocks[self.block.index()].insts.push(Inst {
            op,
            ins,
            outs,
            imm,
            keys,
            span,
        });
    }

    /// An instruction that makes one value.
    pub(super) fn emit(&mut self, op: Opcode, ins: &[Val], ty: Scalar) -> Val {
        self.emit_imm(op, ins, ty, 0)
    }

    /// An instruction that makes one value, with an operand that is none.
    pub(super) fn emit_imm(&mut self, op: Opcode, ins: &[Val], ty: Scalar, imm: u64) -> Val {
        let out = self.function.value(ty);
        self.push(op, ins.to_vec(), vec![out], imm);
        out
    }

    /// An instruction that makes several values.
    pub(super) fn emit_run(&mut self, op: Opcode, ins: Vec<Val>, types: &[Scalar], imm: u64) -> Vec<Val> {
        let outs: Vec<Val> = types.iter().map(|ty| self.function.value(*ty)).collect();
        self.push(op, ins, outs.clone(), imm);
        outs
    }

    pub(super) fn number(&mut self, n: u64) -> Val {
        self.emit_imm(Opcode::ConstU64, &[], Scalar::U64, n)
    }

    /// A constant of any type.
    pub(super) fn word(&mut self, word: &Word, ty: Scalar) -> Val {
        let (op, imm) = match word {
            Word::U64(n) => (Opcode::ConstU64, *n),
            Word::I64(n) => (Opcode::ConstI64, n.cast_unsigned()),
            Word::Bool(b) => (Opcode::ConstBool, u64::from(*b)),
            Word::U128(_) | Word::Fix(_) => (Opcode::Const128, self.constants.place(ty, word)),
            Word::Address(_) | Word::Hash(_) => (Opcode::Const256, self.constants.place(ty, word)),
            Word::Bytes(_) => (Opcode::ConstBytes, self.constants.place(ty, word)),
        };
        self.emit_imm(op, &[], ty, imm)
    }

    /// The zeros of a type, where code is never reached.
    pub(super) fn zeros(&mut self, ty: &Type) -> Vec<Val> {
        let types = layout::scalars(ty, self.context.program);
        types.into_iter().map(|ty| self.word(&ty.zero(), ty)).collect()
    }

    /// Ends the block. What follows is not reached.
    pub(super) fn finish(&mut self, end: End) {
        let block = &mut self.function.blocks[self.block.index()];
        block.end = end;
        block.end_span = self.span;
        self.block = self.new_block(&[]).0;
        self.dead = true;
    }

    /// Ends the block, and goes on with the next one.
    pub(super) fn go_to(&mut self, end: End, next: BlockId) {
        let block = &mut self.function.blocks[self.block.index()];
        block.end = end;
        block.end_span = self.span;
        self.block = next;
    }

    pub(super) fn edge(to: BlockId) -> Edge {
        Edge { to, args: Vec::new() }
    }

    /// Goes on where these ways meet. What differs becomes a parameter.
    pub(super) fn join(&mut self, ways: Vec<Way>, ty: &Type) -> Vec<Val> {
        let Some(first) = ways.first() else {
            self.block = self.new_block(&[]).0;
            self.dead = true;
            return self.zeros(ty);
        };
        let count = ways.iter().map(|way| way.vars.len()).min().unwrap_or(0);
        let mut vars: Slots = first.vars.iter().take(count).cloned().collect();
        let mut differing = Vec::new();
        for (at, var) in vars.iter_mut().enumerate() {
            if ways.iter().any(|way| way.vars[at].is_none()) {
                *var = None;
            } else if ways.iter().any(|way| way.vars[at] != *var) {
                differing.push(at);
            }
        }
        let mut types = Vec::new();
        for at in &differing {
            types.extend(layout::scalars(&self.var_types[*at], self.context.program));
        }
        types.extend(layout::scalars(ty, self.context.program));
        let (to, params) = self.new_block(&types);
        for way in &ways {
            let changed = differing.iter().filter_map(|at| way.vars[*at].as_deref());
            let args = changed.flatten().chain(&way.values).copied().collect();
            let block = &mut self.function.blocks[way.block.index()];
            block.end = End::Jump(Edge { to, args });
            block.end_span = self.span;
        }
        let mut params = params.into_iter();
        for at in differing {
            let length = vars[at].as_ref().map_or(0, |values| values.len());
            vars[at] = Some(params.by_ref().take(length).collect());
        }
        (self.block, self.vars, self.dead) = (to, vars, false);
        params.collect()
    }

    /// The way that ends here, unless control never comes here.
    pub(super) fn way(&self, values: Vec<Val>) -> Option<Way> {
        (!self.dead).then(|| Way {
            block: self.block,
            vars: self.vars.clone(),
            values,
        })
    }
}
