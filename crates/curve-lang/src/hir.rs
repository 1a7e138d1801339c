//! The program with its meaning: names resolved, everything typed. What the checker makes, and what the reference
//! interpreter and the code generator read.

use crate::{
    span::Span,
    syntax::ast::{BinaryOp, FunctionKind},
    types::{Dimension, EnumId, Names, StructId, Type, UnitId},
    value::Value,
};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub u16);

            impl $name {
                /// For indexing.
                pub const fn index(self) -> usize {
                    self.0 as usize
                }
            }
        )*
    };
}

ids! {
    /// A function, by its place among the functions.
    FnId;
    /// A field of the state.
    SlotId;
    /// An event.
    EventId;
    /// An error.
    ErrorId;
    /// What is declared of another program.
    InterfaceId;
    /// A variable, by its place in its function.
    LocalId;
}

/// A program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Documentation of the file.
    pub docs: String,
    /// Names of units, the built-in ones first.
    pub units: Vec<Named>,
    /// Structs.
    pub structs: Vec<Struct>,
    /// Enums.
    pub enums: Vec<Enum>,
    /// Constants.
    pub consts: Vec<Const>,
    /// The state's fields.
    pub slots: Vec<Slot>,
    /// Events.
    pub events: Vec<Struct>,
    /// What is declared of other programs.
    pub interfaces: Vec<Interface>,
    /// Errors; first those of the language.
    pub errors: Vec<Named>,
    /// Functions of every kind. Each calls only those that stand before it in `order`.
    pub functions: Vec<Function>,
    /// The functions, callees first.
    pub order: Vec<FnId>,
    /// Invariants.
    pub invariants: Vec<Invariant>,
    /// Tests.
    pub tests: Vec<Test>,
}

/// Something with a name.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Documentation.
    pub docs: String,
    /// Where the name is declared.
    pub span: Span,
}

/// A struct, an event, or a variant.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name.
    pub named: Named,
    /// In order.
    pub fields: Vec<Field>,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub named: Named,
    /// Its type.
    pub ty: Type,
}

/// An enum.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Its name.
    pub named: Named,
    /// In order. The first is what unset state is.
    pub variants: Vec<Struct>,
}

/// A constant.
#[derive(Clone, Debug)]
pub struct Const {
    /// Its name.
    pub named: Named,
    /// Its type.
    pub ty: Type,
    /// What it is.
    pub value: Value,
}

/// A field of the state.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its name.
    pub named: Named,
    /// Of a map's keys.
    pub key: Option<Type>,
    /// Of the values; `Asset` for vaults.
    pub value: Type,
    /// Whether it holds money.
    pub vault: bool,
}

/// What is declared of another program.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its name.
    pub named: Named,
    /// In order.
    pub functions: Vec<Signature>,
}

/// A function of another program.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Its name.
    pub named: Named,
    /// Whether it is a view; else an entry.
    pub view: bool,
    /// Whether it takes a payment.
    pub payable: bool,
    /// In order.
    pub params: Vec<Field>,
    /// What it returns.
    pub result: Type,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub named: Named,
    /// Which kind.
    pub kind: FunctionKind,
    /// Whether it takes a payment.
    pub payable: bool,
    /// The parameters are the first variables.
    pub params: u16,
    /// All variables.
    pub locals: Vec<Local>,
    /// What it returns.
    pub result: Type,
    /// What it does.
    pub body: Expr,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// Its type.
    pub ty: Type,
    /// Whether it was declared with `mut`.
    pub mutable: bool,
}

/// An invariant.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// Its name.
    pub named: Named,
    /// Variables inside.
    pub locals: Vec<Local>,
    /// What holds.
    pub condition: Expr,
}

/// A test.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name and place.
    pub named: Named,
    /// Its variables.
    pub locals: Vec<Local>,
    /// What it does.
    pub body: Expr,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where.
    pub span: Span,
}

/// Values that the world gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ambient {
    /// `caller`
    Caller,
    /// `self`
    Own,
    /// `now`
    Now,
    /// `height`
    Height,
    /// What is left of `payment`
    Payment,
}

/// Built-in functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the language reference says what they do")]
pub enum Intrinsic {
    MulDivDown,
    MulDivUp,
    Product,
    Narrow,
    Min,
    Max,
    SubOrZero,
    SqrtDown,
    SqrtUp,
    MulDown,
    MulUp,
    DivDown,
    DivUp,
    PowDown,
    PowUp,
    RatioDown,
    RatioUp,
    Floor,
    Ceil,
    Balance,
    Sha256,
    Len,
    ByteAt,
    Concat,
    Slice,
    BitAnd,
    BitOr,
    BitXor,
    BitNot,
    ShiftLeft,
    ShiftRight,
    Account,
}

/// Expressions. Operands are evaluated from left to right.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// Known.
    Value(Value),
    /// A variable.
    Local(LocalId),
    /// From the world.
    Ambient(Ambient),
    /// From the state, a cell or a map's value.
    Read(SlotId, Option<Box<Expr>>),
    /// Whether a map has something.
    Has(SlotId, Box<Expr>),
    /// Takes something out of a map.
    Remove(SlotId, Box<Expr>),
    /// A call of another program.
    Foreign(Box<Foreign>),
    /// `a op b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `!a`
    Not(Box<Expr>),
    /// A field of a struct.
    Field(Box<Expr>, u16),
    /// A call.
    Call(FnId, Vec<Expr>),
    /// A built-in call.
    Intrinsic(Intrinsic, Vec<Expr>),
    /// A struct's fields, as they were written.
    Struct(StructId, Vec<(u16, Expr)>),
    /// A variant's fields, as they were written.
    Variant(EnumId, u16, Vec<(u16, Expr)>),
    /// Several values.
    Tuple(Vec<Expr>),
    /// A choice.
    If(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    /// A choice of many.
    Match(Box<Expr>, Vec<Arm>),
    /// Statements, then a value.
    Block(Vec<Stmt>, Option<Box<Expr>>),
    /// `require`
    Require(Box<Expr>, ErrorId),
    /// `fail`
    Fail(ErrorId),
    /// A transaction of a test.
    Transact(Box<Call>),
    /// Wrong, and reported.
    Bad,
}

/// A call of another program. The address, the arguments, the payment, the key of the vault that pays and the key of the one
/// that is paid are evaluated in this order.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// What it is called as.
    pub interface: InterfaceId,
    /// Which of its functions.
    pub function: u16,
    /// The program.
    pub address: Expr,
    /// Arguments.
    pub args: Vec<Expr>,
    /// What comes along, and from where.
    pub paying: Option<(Expr, Vault)>,
    /// Where what the program sends back is kept.
    pub into: Option<Vault>,
}

/// An arm of a match.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Any of these.
    pub patterns: Vec<Pattern>,
    /// What it comes to.
    pub value: Expr,
}

/// A pattern.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Everything.
    Any,
    /// One value.
    Value(Value),
    /// A variant; its fields go to variables.
    Variant(u16, Vec<(u16, LocalId)>),
}

/// Where something can be assigned.
#[derive(Clone, Debug)]
pub struct Place {
    /// What is changed.
    pub root: Root,
    /// Fields of fields.
    pub path: Vec<u16>,
    /// Of what is assigned.
    pub ty: Type,
}

/// What an assignment changes.
#[derive(Clone, Debug)]
pub enum Root {
    /// A variable.
    Local(LocalId),
    /// A cell or a map's value.
    Slot(SlotId, Option<Expr>),
}

/// Where money lies.
#[derive(Clone, Debug)]
pub enum Vault {
    /// What is left of the payment.
    Payment,
    /// A vault of the state.
    Slot(SlotId, Option<Expr>),
}

/// Where money goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// To a vault.
    Vault(Vault),
    /// To an address.
    Address(Expr),
}

impl Place {
    /// The key of a map's value.
    pub const fn key(&self) -> Option<&Expr> {
        match &self.root {
            Root::Slot(_, key) => key.as_ref(),
            Root::Local(_) => None,
        }
    }
}

impl Vault {
    /// The key of a vault in a map.
    pub const fn key(&self) -> Option<&Expr> {
        match self {
            Self::Slot(_, key) => key.as_ref(),
            Self::Payment => None,
        }
    }
}

impl Target {
    /// The vault's key, or the address.
    pub const fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Vault(vault) => vault.key(),
            Self::Address(address) => Some(address),
        }
    }
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// Which.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// Statements.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// New variables; several take a tuple apart.
    Let(Vec<LocalId>, Expr),
    /// `place = value` or `place op= value`. A key in the place is evaluated before the value.
    Assign(Place, Option<BinaryOp>, Expr),
    /// `move`: the amount, the source's key, the target's key or address are evaluated in this order.
    Move(Option<Expr>, Vault, Target),
    /// `emit`, with the fields as they were written.
    Emit(EventId, Vec<(u16, Expr)>),
    /// A loop from the first to before the second number.
    For(LocalId, u64, u64, Expr),
    /// Leaves the innermost loop.
    Break,
    /// Leaves the function.
    Return(Option<Expr>),
    /// For its effect.
    Expr(Expr),
    /// In tests.
    Script(Script),
}

/// Statements of tests.
#[derive(Clone, Debug)]
pub enum Script {
    /// Gives an account money.
    Fund(Expr, Expr),
    /// Deploys the program.
    Deploy(Call),
    /// Lets time or blocks pass.
    Advance(Expr),
    /// Must hold.
    Assert(Expr),
    /// What the last transaction announced next, with these fields.
    Expect(EventId, Vec<(u16, Expr)>),
    /// The last transaction announced nothing more.
    ExpectNone,
    /// For many values, from the first to before the second one.
    ForAll(Vec<(LocalId, Type, u64, u64)>, Expr),
}

/// A transaction of a test.
#[derive(Clone, Debug)]
pub struct Call {
    /// The entry or `init`; `None` to deploy a program without one.
    pub function: Option<FnId>,
    /// Arguments.
    pub args: Vec<Expr>,
    /// Who sends it.
    pub from: Expr,
    /// What comes along.
    pub paying: Option<Expr>,
    /// How it must fail.
    pub fails: Option<Failure>,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// In any way.
    Any,
    /// With an error of the program.
    Error(ErrorId),
    /// A result did not fit.
    Overflow,
    /// A division by zero.
    DivisionByZero,
    /// An index or a length beyond the end of a byte string.
    OutOfRange,
    /// A payment to an entry that takes none.
    NotPayable,
    /// An invariant did not hold.
    Invariant,
}

impl Program {
    /// The error of a `move` that takes more than there is.
    pub const INSUFFICIENT: ErrorId = ErrorId(0);
    /// The error of money that came in and lies in no vault: a payment that was not used up, or what a called program sent back.
    pub const UNSPENT: ErrorId = ErrorId(1);

    /// The `init`, if there is one.
    pub fn init(&self) -> Option<FnId> {
        self.find(|function| function.kind == FunctionKind::Init)
    }

    /// The function of another program, and its place among all of them.
    pub fn signature(&self, interface: InterfaceId, function: u16) -> (&Signature, usize) {
        let (before, from) = self.interfaces.split_at(interface.index());
        let before: usize = before.iter().map(|other| other.functions.len()).sum();
        let at = usize::from(function);
        (&from[0].functions[at], before.saturating_add(at))
    }

    /// The function that is so.
    pub fn find(&self, wanted: impl Fn(&Function) -> bool) -> Option<FnId> {
        let at = self.functions.iter().position(wanted)?;
        u16::try_from(at).ok().map(FnId)
    }

    /// A type as it is written.
    pub fn show(&self, ty: &Type) -> String {
        crate::types::show(ty, self)
    }

    /// What unset state of this type is.
    pub fn zero(&self, ty: &Type) -> Value {
        match ty {
            Type::Nothing | Type::Never | Type::Bad => Value::Nothing,
            Type::Bool => Value::Bool(false),
            Type::Number(_) | Type::Time | Type::Height => Value::Number(0),
            Type::Wide(_) => Value::Wide(0),
            Type::Ratio => Value::Ratio(0),
            Type::Address => Value::Address([0; 32]),
            Type::Hash => Value::Hash([0; 32]),
            Type::Bytes(_) => Value::Bytes(Vec::new()),
            Type::Struct(id) => {
                let fields = &self.structs[usize::from(id.0)].fields;
                Value::Struct(fields.iter().map(|field| self.zero(&field.ty)).collect())
            }
            Type::Enum(id) => {
                let first = self.enums[usize::from(id.0)].variants.first();
                let fields = first.map_or(&[][..], |variant| &variant.fields);
                Value::Variant(0, fields.iter().map(|field| self.zero(&field.ty)).collect())
            }
            Type::Tuple(types) => Value::Tuple(types.iter().map(|ty| self.zero(ty)).collect()),
        }
    }
}

impl Names for Program {
    fn unit(&self, id: UnitId) -> &str {
        self.units.get(usize::from(id.0)).map_or("?", |unit| &unit.name)
    }

    fn structure(&self, id: StructId) -> &str {
        self.structs
            .get(usize::from(id.0))
            .map_or("?", |item| &item.named.name)
    }

    fn enumeration(&self, id: EnumId) -> &str {
        self.enums
            .get(usize::from(id.0))
            .map_or("?", |item| &item.named.name)
    }
}

impl Expr {
    /// Wrong, and reported.
    pub const fn bad(span: Span) -> Self {
        Self {
            kind: ExprKind::Bad,
            ty: Type::Bad,
            span,
        }
    }

    /// Whether it is zero without a unit, which is zero in every unit.
    pub fn is_plain_zero(&self) -> bool {
        matches!(self.kind, ExprKind::Value(Value::Number(0))) && self.ty == Type::Number(Dimension::COUNT)
    }
}
