//! The instruction table.
//!
//! Codes are the rows' positions. A new instruction goes to the end: a code, once released, keeps its meaning.

use super::{
    Class::{Address, Any64, Any128, Any256, Bool, Bytes, Fix, Hash, I64, U64, U128},
    Cost,
    Operand::{
        Cell, Constant, Count, EntryInterface, Error, Event, Function, Imm16, Imm64, ImmBool, ImmI64, In,
        InRun, Map, Out, OutRun, Target, ViewInterface,
    },
    Run::{Counted, Fields, InterfaceParams, InterfaceResults, Keys, Params, Results, Returns, Values},
    Spec,
};
use crate::TrapKind::{
    CorruptState, DivisionByZero, InsufficientBalance, LimitReached, NoSuchEntry, NoSuchProgram, NotPayable,
    OutOfRange, Overflow, Reentrancy, Revert, TooDeep, Unreachable,
};

macro_rules! table {
    (internal: [$($internal:ident),*] $($name:ident $mnemonic:literal [$($operand:ident: $kind:expr),*] $cost:expr, [$($trap:expr),*] $text:literal;)*) => {
        /// What an instruction does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $(#[doc = $text] $name,)*
        }

        /// What the interpreter runs: the instructions, and what the verifier makes of some of them in `verify/fuse.rs`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the instructions' names")]
        pub enum Code {
            $($name,)*
            $($internal,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)* $(Self::$internal,)*];
        }

        impl From<Opcode> for Code {
            fn from(op: Opcode) -> Self {
                match op {
                    $(Opcode::$name => Self::$name,)*
                }
            }
        }

        /// Every instruction, at the index that is its code.
        pub const TABLE: &[Spec] = &[
            $(Spec {
                opcode: Opcode::$name,
                mnemonic: $mnemonic,
                operands: &[$((stringify!($operand), $kind)),*],
                cost: $cost,
                traps: &[$($trap),*],
                text: $text,
            },)*
        ];
    };
}

const fn fixed(gas: u32) -> Cost {
    Cost::fixed(gas)
}

table! {
    internal: [
        AddU64Last, SubU64Last, MulU64Last, AndU64Last, OrU64Last, XorU64Last, AddWrapLast, MulWrapLast, AddImmLast,
        SubImmLast, MulImmLast, AddImmJumpLt
    ]

    // Constants, moves, choices.
    ConstU64 "const.u64" [d: Out(U64), n: Imm64] fixed(10), [] "d = n";
    ConstI64 "const.i64" [d: Out(I64), n: ImmI64] fixed(10), [] "d = n";
    ConstBool "const.bool" [d: Out(Bool), n: ImmBool] fixed(10), [] "d = n";
    Const128 "const.128" [d: Out(Any128), k: Constant] fixed(15), [] "d = constant k";
    Const256 "const.256" [d: Out(Any256), k: Constant] fixed(15), [] "d = constant k";
    ConstBytes "const.bytes" [d: Out(Bytes), k: Constant] Cost::bytes(100, 1), [LimitReached] "d = constant k";
    Mov64 "mov.64" [d: Out(Any64), a: In(Any64)] fixed(10), [] "d = a";
    Mov128 "mov.128" [d: Out(Any128), a: In(Any128)] fixed(15), [] "d = a";
    Mov256 "mov.256" [d: Out(Any256), a: In(Any256)] fixed(15), [] "d = a";
    MovBytes "mov.bytes" [d: Out(Bytes), a: In(Bytes)] fixed(10), [] "d = a";
    Select64 "select.64" [d: Out(Any64), c: In(Bool), a: In(Any64), b: In(Any64)] fixed(15), [] "d = a if c, else b";
    Select128 "select.128" [d: Out(Any128), c: In(Bool), a: In(Any128), b: In(Any128)] fixed(15), [] "d = a if c, else b";
    Select256 "select.256" [d: Out(Any256), c: In(Bool), a: In(Any256), b: In(Any256)] fixed(20), [] "d = a if c, else b";
    SelectBytes "select.bytes" [d: Out(Bytes), c: In(Bool), a: In(Bytes), b: In(Bytes)] fixed(15), [] "d = a if c, else b";

    // u64.
    AddU64 "add.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [Overflow] "d = a + b";
    SubU64 "sub.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [Overflow] "d = a − b";
    MulU64 "mul.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [Overflow] "d = a · b";
    DivU64 "div.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(20), [DivisionByZero] "d = ⌊a / b⌋";
    DivUpU64 "div.up.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(20), [DivisionByZero] "d = ⌈a / b⌉";
    RemU64 "rem.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(20), [DivisionByZero] "d = a mod b";
    AddImm "add.imm" [d: Out(U64), a: In(U64), n: Imm64] fixed(10), [Overflow] "d = a + n";
    SubImm "sub.imm" [d: Out(U64), a: In(U64), n: Imm64] fixed(10), [Overflow] "d = a − n";
    MulImm "mul.imm" [d: Out(U64), a: In(U64), n: Imm64] fixed(10), [Overflow] "d = a · n";
    MulDivDownU64 "muldiv.down.u64" [d: Out(U64), a: In(U64), b: In(U64), c: In(U64)] fixed(40), [Overflow, DivisionByZero] "d = ⌊a · b / c⌋, the product in 128 bits";
    MulDivUpU64 "muldiv.up.u64" [d: Out(U64), a: In(U64), b: In(U64), c: In(U64)] fixed(40), [Overflow, DivisionByZero] "d = ⌈a · b / c⌉, the product in 128 bits";
    PowU64 "pow.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(100), [Overflow] "d = aᵇ; 0⁰ = 1";
    MinU64 "min.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = the smaller of a and b";
    MaxU64 "max.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = the larger of a and b";
    AndU64 "and.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = a ∧ b, bit by bit";
    OrU64 "or.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = a ∨ b, bit by bit";
    XorU64 "xor.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = a ⊕ b, bit by bit";
    NotU64 "not.u64" [d: Out(U64), a: In(U64)] fixed(10), [] "d = ¬a, bit by bit";
    ShlU64 "shl.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(15), [Overflow] "d = a · 2ᵇ";
    ShrU64 "shr.u64" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = ⌊a / 2ᵇ⌋";
    AddWrap "add.wrap" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = (a + b) mod 2⁶⁴, for hash mixing";
    MulWrap "mul.wrap" [d: Out(U64), a: In(U64), b: In(U64)] fixed(10), [] "d = (a · b) mod 2⁶⁴, for hash mixing";
    LtU64 "lt.u64" [d: Out(Bool), a: In(U64), b: In(U64)] fixed(10), [] "d = a < b";
    LeU64 "le.u64" [d: Out(Bool), a: In(U64), b: In(U64)] fixed(10), [] "d = a ≤ b";
    Eq64 "eq.64" [d: Out(Bool), a: In(Any64), b: In(Any64)] fixed(10), [] "d = a = b";
    Ne64 "ne.64" [d: Out(Bool), a: In(Any64), b: In(Any64)] fixed(10), [] "d = a ≠ b";

    // i64.
    AddI64 "add.i64" [d: Out(I64), a: In(I64), b: In(I64)] fixed(10), [Overflow] "d = a + b";
    SubI64 "sub.i64" [d: Out(I64), a: In(I64), b: In(I64)] fixed(10), [Overflow] "d = a − b";
    MulI64 "mul.i64" [d: Out(I64), a: In(I64), b: In(I64)] fixed(10), [Overflow] "d = a · b";
    DivI64 "div.i64" [d: Out(I64), a: In(I64), b: In(I64)] fixed(20), [Overflow, DivisionByZero] "d = a / b, towards zero";
    RemI64 "rem.i64" [d: Out(I64), a: In(I64), b: In(I64)] fixed(20), [Overflow, DivisionByZero] "d = a − b · (a / b), of the sign of a";
    NegI64 "neg.i64" [d: Out(I64), a: In(I64)] fixed(10), [Overflow] "d = −a";
    LtI64 "lt.i64" [d: Out(Bool), a: In(I64), b: In(I64)] fixed(10), [] "d = a < b";
    LeI64 "le.i64" [d: Out(Bool), a: In(I64), b: In(I64)] fixed(10), [] "d = a ≤ b";

    // u128.
    AddU128 "add.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(15), [Overflow] "d = a + b";
    SubU128 "sub.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(15), [Overflow] "d = a − b";
    MulU128 "mul.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(20), [Overflow] "d = a · b";
    MulWide "mul.wide" [d: Out(U128), a: In(U64), b: In(U64)] fixed(15), [] "d = a · b; never overflows";
    DivU128 "div.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(60), [DivisionByZero] "d = ⌊a / b⌋";
    DivUpU128 "div.up.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(60), [DivisionByZero] "d = ⌈a / b⌉";
    RemU128 "rem.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(60), [DivisionByZero] "d = a mod b";
    MulDivDownU128 "muldiv.down.u128" [d: Out(U128), a: In(U128), b: In(U128), c: In(U128)] fixed(200), [Overflow, DivisionByZero] "d = ⌊a · b / c⌋, the product in 256 bits";
    MulDivUpU128 "muldiv.up.u128" [d: Out(U128), a: In(U128), b: In(U128), c: In(U128)] fixed(200), [Overflow, DivisionByZero] "d = ⌈a · b / c⌉, the product in 256 bits";
    SqrtDownU128 "sqrt.down.u128" [d: Out(U128), a: In(U128)] fixed(300), [] "d = ⌊√a⌋";
    SqrtUpU128 "sqrt.up.u128" [d: Out(U128), a: In(U128)] fixed(300), [] "d = ⌈√a⌉";
    MinU128 "min.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(15), [] "d = the smaller of a and b";
    MaxU128 "max.u128" [d: Out(U128), a: In(U128), b: In(U128)] fixed(15), [] "d = the larger of a and b";
    ShlU128 "shl.u128" [d: Out(U128), a: In(U128), b: In(U64)] fixed(20), [Overflow] "d = a · 2ᵇ";
    ShrU128 "shr.u128" [d: Out(U128), a: In(U128), b: In(U64)] fixed(20), [] "d = ⌊a / 2ᵇ⌋";
    LtU128 "lt.u128" [d: Out(Bool), a: In(U128), b: In(U128)] fixed(15), [] "d = a < b";
    LeU128 "le.u128" [d: Out(Bool), a: In(U128), b: In(U128)] fixed(15), [] "d = a ≤ b";
    Eq128 "eq.128" [d: Out(Bool), a: In(Any128), b: In(Any128)] fixed(15), [] "d = a = b";
    Ne128 "ne.128" [d: Out(Bool), a: In(Any128), b: In(Any128)] fixed(15), [] "d = a ≠ b";

    // fix: Q64.64, a non-negative number of 64 bits before and 64 bits after the point.
    AddFix "add.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(15), [Overflow] "d = a + b, exactly";
    SubFix "sub.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(15), [Overflow] "d = a − b, exactly";
    MulDownFix "mul.down.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(30), [Overflow] "d = a · b, rounded down";
    MulUpFix "mul.up.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(30), [Overflow] "d = a · b, rounded up";
    DivDownFix "div.down.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(200), [Overflow, DivisionByZero] "d = a / b, rounded down";
    DivUpFix "div.up.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(200), [Overflow, DivisionByZero] "d = a / b, rounded up";
    PowDownFix "pow.down.fix" [d: Out(Fix), a: In(Fix), b: In(U64)] fixed(2000), [Overflow] "d ≤ aᵇ: by squaring, every product rounded down; 0⁰ = 1";
    PowUpFix "pow.up.fix" [d: Out(Fix), a: In(Fix), b: In(U64)] fixed(2000), [Overflow] "d ≥ aᵇ: by squaring, every product rounded up; 0⁰ = 1";
    SqrtDownFix "sqrt.down.fix" [d: Out(Fix), a: In(Fix)] fixed(600), [] "d = √a, rounded down";
    SqrtUpFix "sqrt.up.fix" [d: Out(Fix), a: In(Fix)] fixed(600), [] "d = √a, rounded up";
    MinFix "min.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(15), [] "d = the smaller of a and b";
    MaxFix "max.fix" [d: Out(Fix), a: In(Fix), b: In(Fix)] fixed(15), [] "d = the larger of a and b";
    LtFix "lt.fix" [d: Out(Bool), a: In(Fix), b: In(Fix)] fixed(15), [] "d = a < b";
    LeFix "le.fix" [d: Out(Bool), a: In(Fix), b: In(Fix)] fixed(15), [] "d = a ≤ b";
    ScaleDown "scale.down" [d: Out(U64), a: In(U64), b: In(Fix)] fixed(25), [Overflow] "d = ⌊a · b⌋: an amount times a price";
    ScaleUp "scale.up" [d: Out(U64), a: In(U64), b: In(Fix)] fixed(25), [Overflow] "d = ⌈a · b⌉";
    UnscaleDown "unscale.down" [d: Out(U64), a: In(U64), b: In(Fix)] fixed(60), [Overflow, DivisionByZero] "d = ⌊a / b⌋: an amount divided by a price";
    UnscaleUp "unscale.up" [d: Out(U64), a: In(U64), b: In(Fix)] fixed(60), [Overflow, DivisionByZero] "d = ⌈a / b⌉";
    RatioDown "ratio.down" [d: Out(Fix), a: In(U64), b: In(U64)] fixed(60), [DivisionByZero] "d = a / b, rounded down";
    RatioUp "ratio.up" [d: Out(Fix), a: In(U64), b: In(U64)] fixed(60), [DivisionByZero] "d = a / b, rounded up";

    // Conversions.
    Widen "widen" [d: Out(U128), a: In(U64)] fixed(15), [] "d = a";
    Narrow "narrow" [d: Out(U64), a: In(U128)] fixed(10), [Overflow] "d = a, if it is below 2⁶⁴";
    U64ToI64 "u64.i64" [d: Out(I64), a: In(U64)] fixed(10), [Overflow] "d = a, if it is below 2⁶³";
    I64ToU64 "i64.u64" [d: Out(U64), a: In(I64)] fixed(10), [Overflow] "d = a, if it is not negative";
    BoolToU64 "bool.u64" [d: Out(U64), a: In(Bool)] fixed(10), [] "d = 1 if a, else 0";
    U64ToFix "u64.fix" [d: Out(Fix), a: In(U64)] fixed(15), [] "d = a";
    FloorFix "floor.fix" [d: Out(U64), a: In(Fix)] fixed(10), [] "d = ⌊a⌋";
    CeilFix "ceil.fix" [d: Out(U64), a: In(Fix)] fixed(15), [Overflow] "d = ⌈a⌉";
    FixBits "fix.bits" [d: Out(U128), a: In(Fix)] fixed(15), [] "d = a · 2⁶⁴";
    FixFromBits "bits.fix" [d: Out(Fix), a: In(U128)] fixed(15), [] "d = a / 2⁶⁴";
    AddressToHash "address.hash" [d: Out(Hash), a: In(Address)] fixed(15), [] "d = the 32 bytes of a";
    HashToAddress "hash.address" [d: Out(Address), a: In(Hash)] fixed(15), [] "d = the 32 bytes of a";

    // bool.
    AndBool "and.bool" [d: Out(Bool), a: In(Bool), b: In(Bool)] fixed(10), [] "d = a and b";
    OrBool "or.bool" [d: Out(Bool), a: In(Bool), b: In(Bool)] fixed(10), [] "d = a or b";
    XorBool "xor.bool" [d: Out(Bool), a: In(Bool), b: In(Bool)] fixed(10), [] "d = either a or b";
    NotBool "not.bool" [d: Out(Bool), a: In(Bool)] fixed(10), [] "d = not a";

    // Addresses, hashes, byte strings.
    Eq256 "eq.256" [d: Out(Bool), a: In(Any256), b: In(Any256)] fixed(20), [] "d = a = b";
    Ne256 "ne.256" [d: Out(Bool), a: In(Any256), b: In(Any256)] fixed(20), [] "d = a ≠ b";
    Lt256 "lt.256" [d: Out(Bool), a: In(Any256), b: In(Any256)] fixed(20), [] "d = a < b, in the order of their bytes";
    LenBytes "len.bytes" [d: Out(U64), a: In(Bytes)] fixed(10), [] "d = the length of a";
    EqBytes "eq.bytes" [d: Out(Bool), a: In(Bytes), b: In(Bytes)] Cost::bytes(50, 1), [] "d = a = b";
    NeBytes "ne.bytes" [d: Out(Bool), a: In(Bytes), b: In(Bytes)] Cost::bytes(50, 1), [] "d = a ≠ b";
    AtBytes "at.bytes" [d: Out(U64), a: In(Bytes), i: In(U64)] fixed(40), [OutOfRange] "d = byte i of a";
    Concat "concat" [d: Out(Bytes), a: In(Bytes), b: In(Bytes)] Cost::bytes(120, 1), [LimitReached] "d = a, then b; d holds the sum of their bounds";
    Slice "slice" [d: Out(Bytes), a: In(Bytes), i: In(U64), n: In(U64)] fixed(50), [OutOfRange] "d = n bytes of a from byte i on, if d may be as long";
    Pack "pack" [d: Out(Bytes), n: Count, a: InRun(Counted)] Cost::bytes(250, 2), [LimitReached] "d = the canonical encoding of n registers from a on";
    Sha256 "sha256" [d: Out(Hash), a: In(Bytes)] Cost::bytes(1000, 10), [] "d = SHA-256 of a";
    Sha256Pair "sha256.pair" [d: Out(Hash), a: In(Hash), b: In(Hash)] fixed(1500), [] "d = SHA-256 of a, then b";

    // Control.
    Jump "jump" [t: Target] fixed(15), [] "goes to t";
    JumpIf "jump.if" [a: In(Bool), t: Target] fixed(15), [] "goes to t if a";
    JumpUnless "jump.unless" [a: In(Bool), t: Target] fixed(15), [] "goes to t unless a";
    JumpEq "jump.eq" [a: In(Any64), b: In(Any64), t: Target] fixed(15), [] "goes to t if a = b";
    JumpNe "jump.ne" [a: In(Any64), b: In(Any64), t: Target] fixed(15), [] "goes to t if a ≠ b";
    JumpLt "jump.lt" [a: In(U64), b: In(U64), t: Target] fixed(15), [] "goes to t if a < b";
    JumpLe "jump.le" [a: In(U64), b: In(U64), t: Target] fixed(15), [] "goes to t if a ≤ b";
    JumpEqImm "jump.eq.imm" [a: In(U64), n: Imm16, t: Target] fixed(15), [] "goes to t if a = n";
    JumpNeImm "jump.ne.imm" [a: In(U64), n: Imm16, t: Target] fixed(15), [] "goes to t if a ≠ n";
    JumpLtImm "jump.lt.imm" [a: In(U64), n: Imm16, t: Target] fixed(15), [] "goes to t if a < n";
    JumpGeImm "jump.ge.imm" [a: In(U64), n: Imm16, t: Target] fixed(15), [] "goes to t if a ≥ n";
    Call "call" [f: Function, a: InRun(Params), d: OutRun(Results)] Cost::words(60, 1), [] "runs function f with the registers from a on; its results go to the registers from d on";
    Ret "ret" [a: InRun(Returns)] fixed(40), [] "returns the registers from a on";
    Require "require" [a: In(Bool), e: Error] fixed(10), [Revert] "reverts with error e unless a";
    Revert "revert" [e: Error] fixed(10), [Revert] "reverts with error e";
    Unreachable "unreachable" [] fixed(10), [Unreachable] "says that control never comes here";

    // Storage.
    Load "load" [s: Cell, d: OutRun(Values)] Cost::bytes(10_000, 20), [CorruptState] "the registers from d on = cell s; zeros if it was never stored";
    Store "store" [s: Cell, a: InRun(Values)] Cost::bytes(50_000, 50), [LimitReached] "cell s = the registers from a on";
    MapGet "map.get" [s: Map, k: InRun(Keys), d: OutRun(Values)] Cost::bytes(10_000, 20), [CorruptState] "the registers from d on = map s at the keys from k on; zeros if there is nothing";
    MapSet "map.set" [s: Map, k: InRun(Keys), a: InRun(Values)] Cost::bytes(50_000, 50), [LimitReached] "map s at the keys from k on = the registers from a on";
    MapHas "map.has" [d: Out(Bool), s: Map, k: InRun(Keys)] Cost::bytes(10_000, 20), [] "d = whether map s has something at the keys from k on";
    MapRemove "map.remove" [s: Map, k: InRun(Keys)] Cost::bytes(50_000, 50), [LimitReached] "map s has nothing at the keys from k on";

    // The world.
    SelfAddress "self" [d: Out(Address)] fixed(40), [] "d = this program's address";
    Caller "caller" [d: Out(Address)] fixed(40), [] "d = who called: an account or a program; zeros in an invariant";
    Payment "payment" [d: Out(U64)] fixed(40), [] "d = what came with the call, in base units; 0 in views and invariants";
    Height "height" [d: Out(U64)] fixed(40), [] "d = the block's height";
    Time "time" [d: Out(U64)] fixed(40), [] "d = the block's time in milliseconds since 1970";
    Balance "balance" [d: Out(U64), a: In(Address)] fixed(10_000), [] "d = what a owns, in base units";
    Transfer "transfer" [a: In(Address), b: In(U64)] fixed(100_000), [InsufficientBalance, NotPayable, Overflow, LimitReached] "sends b base units of what this program owns to account a, or back to the program a that calls it";
    Emit "emit" [e: Event, a: InRun(Fields)] Cost::bytes(2_000, 20), [LimitReached] "emits event e with the registers from a on";
    CallProgram "call.program" [p: In(Address), i: EntryInterface, b: In(U64), a: InRun(InterfaceParams), d: OutRun(InterfaceResults)] Cost::bytes(120_000, 10), [NoSuchProgram, NoSuchEntry, NotPayable, InsufficientBalance, Reentrancy, TooDeep, LimitReached] "calls entry i of program p with a payment of b base units";
    ViewProgram "view.program" [p: In(Address), i: ViewInterface, a: InRun(InterfaceParams), d: OutRun(InterfaceResults)] Cost::bytes(20_000, 10), [NoSuchProgram, NoSuchEntry, Reentrancy, TooDeep] "asks view i of program p";
}
