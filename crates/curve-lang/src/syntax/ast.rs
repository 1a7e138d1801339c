//! The syntax tree: what was written, not yet what it means.

use crate::span::Span;

/// A name where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    /// The file's documentation.
    pub docs: String,
    /// After `program`; absent if that is missing.
    pub name: Option<Name>,
    /// In order.
    pub items: Vec<Item>,
}

/// An item with what stands before it.
#[derive(Clone, Debug)]
pub struct Item {
    /// Documentation.
    pub docs: String,
    /// The whole item.
    pub span: Span,
    /// Which.
    pub kind: ItemKind,
}

/// Items.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `unit Name;`
    Unit(Name),
    /// `const NAME: type = expr;`
    Const(Name, TypeExpr, Expr),
    /// `struct Name { … }`
    Struct(Name, Vec<Field>),
    /// `enum Name { … }`
    Enum(Name, Vec<Variant>),
    /// `state { … }`
    State(Vec<Field>),
    /// `event Name { … }`
    Event(Name, Vec<Field>),
    /// `error Name;`
    Error(Name),
    /// `fn`, `init`, `entry` or `view`.
    Function(Function),
    /// `interface Name { … }`
    Interface(Name, Vec<Signature>),
    /// `invariant name: expr;`
    Invariant(Name, Expr),
    /// `test "name" { … }`
    Test(Name, Block),
}

/// A named field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Documentation.
    pub docs: String,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
}

/// A variant of an enum.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Documentation.
    pub docs: String,
    /// Its name.
    pub name: Name,
    /// Its fields, perhaps none.
    pub fields: Vec<Field>,
}

/// What kind of function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// Private.
    Fn,
    /// Runs at deployment.
    Init,
    /// Called by transactions.
    Entry,
    /// Only reads.
    View,
}

impl FunctionKind {
    /// The keyword.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fn => "fn",
            Self::Init => "init",
            Self::Entry => "entry",
            Self::View => "view",
        }
    }
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Which kind.
    pub kind: FunctionKind,
    /// Its name; `init` for that.
    pub name: Name,
    /// In order.
    pub params: Vec<Param>,
    /// `payable`.
    pub payable: Option<Span>,
    /// After `->`.
    pub result: Option<TypeExpr>,
    /// What it does.
    pub body: Block,
}

/// A function of another program: `entry name(…) payable -> type;`
#[derive(Clone, Debug)]
pub struct Signature {
    /// Documentation.
    pub docs: String,
    /// An entry or a view.
    pub kind: FunctionKind,
    /// Its name.
    pub name: Name,
    /// In order.
    pub params: Vec<Param>,
    /// `payable`.
    pub payable: Option<Span>,
    /// After `->`.
    pub result: Option<TypeExpr>,
    /// From its first word on.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    /// Which.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// Types as written.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `Bytes<N>`
    Bytes(Name, Box<Expr>),
    /// `Wide<unit>`
    Wide(Name, Vec<UnitPower>),
    /// A name, or a product of powers of names.
    Units(Vec<UnitPower>),
    /// `(A, B)`, the keys of a map
    Tuple(Vec<TypeExpr>),
    /// `map K => V`
    Map(Box<TypeExpr>, Box<TypeExpr>),
    /// Could not be read; reported already.
    Bad,
}

/// `Share`, `Share^2`, and with `/` before it.
#[derive(Clone, Debug)]
pub struct UnitPower {
    /// Of the unit, or of a type.
    pub name: Name,
    /// Negative behind `/`.
    pub power: i8,
}

/// Statements between braces.
#[derive(Clone, Debug)]
pub struct Block {
    /// In order.
    pub stmts: Vec<Stmt>,
    /// The last expression, if it has no `;`.
    pub value: Option<Box<Expr>>,
    /// With the braces.
    pub span: Span,
    /// How many expressions lie within one another.
    pub depth: u16,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// Which.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// Operators of assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignOp {
    /// `=`
    Set,
    /// `+=`, `-=`, `*=`
    With(BinaryOp),
}

/// Statements.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `let …`
    Let {
        /// `mut`, with its place.
        mutable: Option<Span>,
        /// One, or several in parentheses.
        names: Vec<Name>,
        /// After `:`.
        ty: Option<TypeExpr>,
        /// After `=`.
        value: Expr,
    },
    /// `place = value;`
    Assign(Expr, AssignOp, Expr),
    /// `move amount from source to target;`; without an amount all of it.
    Move {
        /// How much.
        amount: Option<Expr>,
        /// Which vault.
        source: Expr,
        /// A vault or an address.
        target: Expr,
    },
    /// `emit Name { … };`
    Emit(Name, Vec<FieldInit>),
    /// `for name in low..high { … }`
    For(Name, Expr, Expr, Block),
    /// `break;`
    Break,
    /// `return …;`
    Return(Option<Expr>),
    /// An expression for its effect.
    Expr(Expr),
    /// What stands only in tests.
    Script(Script),
}

/// Statements of tests.
#[derive(Clone, Debug)]
pub enum Script {
    /// `fund account with amount;`
    Fund(Expr, Expr),
    /// `deploy(…) from account paying amount;`
    Deploy(Call),
    /// `advance span;`
    Advance(Expr),
    /// `assert condition;`
    Assert(Expr),
    /// `expect event Name { … };`
    Expect(Name, Vec<FieldInit>),
    /// `expect no event;`
    ExpectNone,
    /// `for all x in low..high, … { … }`
    ForAll(Vec<(Name, Expr, Expr)>, Block),
}

/// A transaction in a test.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which entry; `deploy` for that.
    pub entry: Name,
    /// Its arguments.
    pub args: Vec<Expr>,
    /// After `from`.
    pub from: Box<Expr>,
    /// After `paying`.
    pub paying: Option<Box<Expr>>,
    /// `fails`, with the error after it.
    pub fails: Option<(Span, Option<Name>)>,
}

/// A function of something: of a map of the state, or of another program.
#[derive(Clone, Debug)]
pub struct Method {
    /// Of what.
    pub of: Expr,
    /// Which.
    pub name: Name,
    /// Its arguments.
    pub args: Vec<Expr>,
    /// After `paying` and after `from`.
    pub paying: Option<(Expr, Expr)>,
    /// After `into`.
    pub into: Option<Expr>,
}

/// `name: value`, or `name` for both.
#[derive(Clone, Debug)]
pub struct FieldInit {
    /// The field.
    pub name: Name,
    /// Its value; the variable of that name if absent.
    pub value: Option<Expr>,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
    /// How many expressions lie within one another, this one included.
    pub depth: u16,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Sub,
    Mul,
    DivDown,
    DivUp,
    Rem,
}

impl BinaryOp {
    /// As written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::DivDown => "/down",
            Self::DivUp => "/up",
            Self::Rem => "%",
        }
    }

    /// How tightly it binds.
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            _ if self.is_comparison() => 3,
            Self::Add | Self::Sub => 4,
            _ => 5,
        }
    }

    /// Whether it compares.
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual
        )
    }
}

/// Expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `12.5 ASSET`: the digits without `_`, and the unit.
    Number(String, Vec<UnitPower>),
    /// `true`, `false`
    Bool(bool),
    /// `"…"`: its bytes.
    Str(Vec<u8>),
    /// A name.
    Name(String),
    /// `state`, before a field.
    State,
    /// `a op b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `!a`
    Not(Box<Expr>),
    /// `a.b`
    Field(Box<Expr>, Name),
    /// `a.f(b, …)`
    Method(Box<Method>),
    /// `a[b]`, or `a[(b, c)]` written without the parentheses
    Index(Box<Expr>, Box<Expr>),
    /// `f(a, …)`
    Call(Name, Vec<Expr>),
    /// `Name { … }` or `Name.Variant { … }`
    Struct(Name, Option<Name>, Vec<FieldInit>),
    /// `(a, b)`
    Tuple(Vec<Expr>),
    /// `if c { } else …`
    If(Box<Expr>, Block, Option<Box<Expr>>),
    /// `match e { … }`
    Match(Box<Expr>, Vec<Arm>),
    /// `{ … }`
    Block(Block),
    /// `require c else Name`
    Require(Box<Expr>, Name),
    /// `fail Name`
    Fail(Name),
    /// `call …`, in tests.
    Transact(Call),
    /// Could not be read; reported already.
    Bad,
}

/// `patterns => value,`
#[derive(Clone, Debug)]
pub struct Arm {
    /// One or more.
    pub patterns: Vec<Pattern>,
    /// What it comes to.
    pub value: Expr,
}

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Which.
    pub kind: PatternKind,
    /// Where.
    pub span: Span,
}

/// Patterns.
#[derive(Clone, Debug)]
pub enum PatternKind {
    /// `_`
    Any,
    /// A number, string or boolean.
    Literal(Expr),
    /// `Name.Variant { a, b }`
    Variant(Name, Name, Vec<Name>),
    /// Could not be read; reported already.
    Bad,
}
