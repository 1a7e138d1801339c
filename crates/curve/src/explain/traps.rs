//! The codes of traps: one table gives names, titles, explanations, and examples that a test runs.

use curvevm::TrapKind;

/// A trap's code. Codes keep their meaning for good.
#[derive(Clone, Copy, Debug)]
pub struct TrapCode(&'static Row);

#[derive(Debug)]
struct Row {
    kind: TrapKind,
    text: &'static str,
    title: &'static str,
    explanation: &'static str,
    wrong: Example,
    right: Example,
}

/// A program that traps, or one that does not.
#[derive(Clone, Copy, Debug)]
pub enum Example {
    /// Items of a program, without the line `program example;`, and what stands behind `curve run example.curve`.
    Curve {
        /// The items.
        items: &'static str,
        /// The call.
        call: &'static str,
    },
    /// What Curve cannot express: a program for the machine, whose entry `go` is called.
    Assembly {
        /// The program.
        text: &'static str,
    },
}

impl TrapCode {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self)
    }

    /// Of a kind of trap.
    pub fn of(kind: TrapKind) -> Self {
        let row = ROWS.iter().find(|row| row.kind == kind);
        Self(row.expect("every kind of trap has a row"))
    }

    /// The code that is written so, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|code| code.text().eq_ignore_ascii_case(text))
    }

    /// As shown: `T0002`.
    pub const fn text(self) -> &'static str {
        self.0.text
    }

    /// What it is about, in a few words.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// What kind of trap it is.
    pub const fn kind(self) -> TrapKind {
        self.0.kind
    }

    /// A program that traps so, and one that does not.
    pub const fn examples(self) -> (Example, Example) {
        (self.0.wrong, self.0.right)
    }

    /// What it means and what to do, in Markdown.
    pub fn explanation(self) -> String {
        let Row {
            text,
            title,
            explanation,
            ..
        } = self.0;
        let (wrong, right) = (self.0.wrong.shown(), self.0.right.shown());
        format!(
            "{text}: {title}\n\n{explanation}\n\nA trap undoes the whole call; only its gas is spent.\n\n\
             Wrong:\n\n{wrong}\nRight:\n\n{right}"
        )
    }
}

impl Example {
    fn shown(self) -> String {
        match self {
            Self::Curve { items, call } => {
                format!("```curve\n{items}\n```\n\n```console\n$ curve run example.curve {call}\n```\n")
            }
            Self::Assembly { text } => format!("```text\n{text}\n```\n"),
        }
    }
}

const fn curve(items: &'static str, call: &'static str) -> Example {
    Example::Curve { items, call }
}

const fn assembly(text: &'static str) -> Example {
    Example::Assembly { text }
}

const ROWS: &[Row] = &[
    Row {
        kind: TrapKind::OutOfGas,
        text: "T0001",
        title: "the gas does not last",
        explanation: "A call may use as much gas as it pays for. `curve gas` shows the most that a function can use; where it says \
                      \"metered\", try the largest case. Work that is too much for one call is done in several.",
        wrong: curve(
            "view sum() -> Count {\n    let mut n = 0;\n    for i in 0..1_000 {\n        n += i;\n    }\n    n\n}",
            "sum --gas-limit 5000",
        ),
        right: curve(
            "view sum() -> Count {\n    mul_div_down(999, 1_000, 2)\n}",
            "sum --gas-limit 5000",
        ),
    },
    Row {
        kind: TrapKind::Overflow,
        text: "T0002",
        title: "a result that does not fit",
        explanation: "Numbers are 0 … 2⁶⁴−1, and arithmetic is checked. Below zero, ask before you subtract, or use `sub_or_zero`. \
                      Above 2⁶⁴, `mul_div_down` and `mul_div_up` are exact in between, and `product` has 128 bits.",
        wrong: curve(
            "view left(total: Asset, used: Asset) -> Asset {\n    total - used\n}",
            "left '3 ASSET' '5 ASSET'",
        ),
        right: curve(
            "view left(total: Asset, used: Asset) -> Asset {\n    sub_or_zero(total, used)\n}",
            "left '3 ASSET' '5 ASSET'",
        ),
    },
    Row {
        kind: TrapKind::DivisionByZero,
        text: "T0003",
        title: "a division by zero",
        explanation: "`/down`, `/up`, `%`, the third argument of `mul_div_down` and `mul_div_up`, and a `Ratio`'s divisor are not zero. Say \
                      with an error of your own what it means if they are.",
        wrong: curve(
            "view each(all: Asset, heirs: Count) -> Asset {\n    all /down heirs\n}",
            "each '9 ASSET' 0",
        ),
        right: curve(
            "view each(all: Asset, heirs: Count) -> Asset {\n    if heirs == 0 { 0 } else { all /down heirs }\n}",
            "each '9 ASSET' 0",
        ),
    },
    Row {
        kind: TrapKind::OutOfRange,
        text: "T0004",
        title: "a place outside of a byte string",
        explanation: "Curve has no way to get here; hand-made bytecode compares with the length first.",
        wrong: assembly(
            "program p\nentry go() {\n  regs bytes[4], u64, u64\n  at.bytes r1, r0, r2\n  ret r0\n}",
        ),
        right: assembly(
            "program p\nentry go() {\n  regs bytes[4], u64, u64, u64\n  len.bytes r3, r0\n  jump.le r3, r2, end\n  at.bytes r1, r0, r2\nend:\n  ret r0\n}",
        ),
    },
    Row {
        kind: TrapKind::Revert,
        text: "T0005",
        title: "the program says no",
        explanation: "A `require` did not hold, or a `fail` was reached. The message names the program's error, whose documentation says \
                      why; do what it asks for.",
        wrong: curve(
            "/// Only small numbers.\nerror TooLarge;\n\nview half(n: Count) -> Count {\n    require n < 100 else TooLarge;\n    n /down 2\n}",
            "half 100",
        ),
        right: curve(
            "/// Only small numbers.\nerror TooLarge;\n\nview half(n: Count) -> Count {\n    require n < 100 else TooLarge;\n    n /down 2\n}",
            "half 99",
        ),
    },
    Row {
        kind: TrapKind::InvariantViolated,
        text: "T0006",
        title: "an invariant does not hold",
        explanation: "After the entry, a law of the program would have been broken, so nothing has happened. The entry lacks a check: find \
                      it with `curve trace`. If the entry is right, the law is not.",
        wrong: curve(
            "state { sold: Count }\n\nentry sell(n: Count) {\n    state.sold += n;\n}\n\ninvariant never_too_many: state.sold <= 10;",
            "sell 11",
        ),
        right: curve(
            "state { sold: Count }\n\nerror SoldOut;\n\nentry sell(n: Count) -> Count {\n    let rest = min(n, 10 - state.sold);\n    require rest > 0 else SoldOut;\n    state.sold += rest;\n    rest\n}\n\ninvariant never_too_many: state.sold <= 10;",
            "sell 11",
        ),
    },
    Row {
        kind: TrapKind::InsufficientBalance,
        text: "T0007",
        title: "a payer who owns less",
        explanation: "Who calls owns less than the payment. (A program never sends more than it holds: vaults see to that.) On the ledger \
                      of `curve run`, `--fund` gives an account $ASSET.",
        wrong: curve(
            "state { pot: Vault }\n\nentry put() payable {\n    move payment to state.pot;\n}",
            "put --payment '1 ASSET'",
        ),
        right: curve(
            "state { pot: Vault }\n\nentry put() payable {\n    move payment to state.pot;\n}",
            "put --payment '1 ASSET' --fund 'me=1 ASSET'",
        ),
    },
    Row {
        kind: TrapKind::NotPayable,
        text: "T0008",
        title: "a payment to an entry that takes none",
        explanation: "An entry takes a payment only if it says `payable`: so no payment reaches one that ignores it. Nor does `move` \
                      send anything to a program, unless it is the one that calls: a program is paid by calling it, or it would not \
                      know of the money.",
        wrong: curve("entry put() {}", "put --payment '1 ASSET' --fund 'me=1 ASSET'"),
        right: curve(
            "state { pot: Vault }\n\nentry put() payable {\n    move payment to state.pot;\n}",
            "put --payment '1 ASSET' --fund 'me=1 ASSET'",
        ),
    },
    Row {
        kind: TrapKind::NoSuchProgram,
        text: "T0009",
        title: "a call of a program that does not exist",
        explanation: "There is no program at the called address: it is an account, or the program was closed.",
        wrong: assembly(
            "program p\ninterface entry come()\nentry go() {\n  regs address, u64\n  call.program r0, i0, r1, r0, r0\n  ret r0\n}",
        ),
        right: assembly(
            "program p\nconst address @8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR\ninterface entry come()\nentry go() {\n  regs address, u64\n  const.256 r0, k0\n  call.program r0, i0, r1, r0, r0\n  ret r0\n}",
        ),
    },
    Row {
        kind: TrapKind::NoSuchEntry,
        text: "T0010",
        title: "a call of an entry that does not exist",
        explanation: "The called program has no entry or view of this name with these parameters and results. It is another program, or \
                      another version than the interface was written for.",
        wrong: assembly(
            "program p\nconst address @8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR\ninterface entry leave()\nentry go() {\n  regs address, u64\n  const.256 r0, k0\n  call.program r0, i0, r1, r0, r0\n  ret r0\n}",
        ),
        right: assembly(
            "program p\nconst address @8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR\ninterface entry come()\nentry go() {\n  regs address, u64\n  const.256 r0, k0\n  call.program r0, i0, r1, r0, r0\n  ret r0\n}",
        ),
    },
    Row {
        kind: TrapKind::Reentrancy,
        text: "T0011",
        title: "a call of a program that is running",
        explanation: "A program that waits for another one cannot be called again, by nobody: its state is in the middle of a change. \
                      Inside a program, call a `fn`.",
        wrong: curve(
            "interface Own {\n    entry work() -> Count;\n}\n\nentry work() -> Count {\n    1\n}\n\nentry twice() -> Count {\n    work_of(self) + work_of(self)\n}\n\nfn work_of(other: Address) -> Count {\n    Own(other).work()\n}",
            "twice",
        ),
        right: curve(
            "entry work() -> Count {\n    do_work()\n}\n\nentry twice() -> Count {\n    do_work() + do_work()\n}\n\nfn do_work() -> Count {\n    1\n}",
            "twice",
        ),
    },
    Row {
        kind: TrapKind::TooDeep,
        text: "T0012",
        title: "too many programs that call one another",
        explanation: "At most eight programs wait for one another. Do the rest in another transaction.",
        wrong: assembly(
            "; The program at each address calls the one at the address's hash.\nprogram p\ninterface entry go()\nentry go() {\n  regs address, u64, hash\n  self r0\n  address.hash r2, r0\n  sha256.pair r2, r2, r2\n  hash.address r0, r2\n  call.program r0, i0, r1, r0, r0\n  ret r0\n}",
        ),
        right: assembly("program p\nentry go() {\n  ret r0\n}"),
    },
    Row {
        kind: TrapKind::LimitReached,
        text: "T0013",
        title: "too much of something in one call",
        explanation: "One call emits at most 256 events, changes at most 1024 storage entries and balances, and makes at most 256 KiB of \
                      byte strings. Divide the work.",
        wrong: curve(
            "event Tick { n: Count }\n\nentry tick() {\n    for n in 0..300 {\n        emit Tick { n };\n    }\n}",
            "tick",
        ),
        right: curve(
            "event Tick { n: Count }\n\nentry tick() {\n    for n in 0..200 {\n        emit Tick { n };\n    }\n}",
            "tick",
        ),
    },
    Row {
        kind: TrapKind::CorruptState,
        text: "T0014",
        title: "stored bytes of another type",
        explanation: "What is stored was written by a program that declares it with other types. An upgrade that does so is refused, so \
                      this is a ledger's file from another version of the program: begin with a new one. (Below, an older version \
                      stored a `bool` in the cell `open`.)",
        wrong: assembly(
            "program p\ncell open: (until: u64)\nentry go() {\n  regs u64\n  load open, r0\n  ret r0\n}",
        ),
        right: assembly(
            "program p\ncell open_until: (until: u64)\nentry go() {\n  regs u64\n  load open_until, r0\n  ret r0\n}",
        ),
    },
    Row {
        kind: TrapKind::Unreachable,
        text: "T0015",
        title: "code that should never run",
        explanation: "The bytecode says of this place that control never comes there. From the compiler, that would be a mistake of the \
                      compiler; hand-made bytecode says `revert`, with an error.",
        wrong: assembly("program p\nentry go() {\n  unreachable\n}"),
        right: assembly("program p\nentry go() {\n  ret r0\n}"),
    },
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use curvevm::{
        Address, Call, Entrance, Gas, Machine, MemoryHost, Program, Value, Verified, encode_values,
    };

    use super::*;

    const BYSTANDER: &str = "program bystander\nentry come() {\n  ret r0\n}";

    fn verified(text: &str) -> Arc<Verified> {
        Arc::new(Program::assemble(text).unwrap().verify().unwrap())
    }

    /// How the entry `go` ends: with copies of the program where its hashes lead, a bystander, and what an older version stored.
    fn ends(text: &str) -> Option<TrapKind> {
        let code = verified(text);
        let mut host = MemoryHost::default();
        host.programs.insert(Address::new([2; 32]), verified(BYSTANDER));
        let first = Address::new([1; 32]);
        let mut next = first;
        for _ in 0..10 {
            host.programs.insert(next, code.clone());
            let hash = next.as_bytes();
            next = Address::new(rollup_abi::sha256(&[hash, hash]));
        }
        for slot in &code.program().slots {
            if slot.name == "open" {
                let old = encode_values(&[Value::Bool(true)]);
                host.storage.insert((first, slot.key(&[])), old);
            }
        }
        let call = Call {
            program: first,
            entrance: Entrance::Entry("go"),
            caller: Address::default(),
            payment: 0,
            args: &[],
            gas: Gas(10_000_000),
        };
        let outcome = Machine::new().call(&host, &call).unwrap();
        outcome.result.err().map(|fault| fault.trap.kind())
    }

    #[test]
    fn assembly_ends_as_it_says() {
        let mut seen = 0;
        for code in TrapCode::all() {
            if let (Example::Assembly { text: wrong }, Example::Assembly { text: right }) = code.examples() {
                assert_eq!(ends(wrong), Some(code.kind()), "{}", code.text());
                assert_eq!(ends(right), None, "{}", code.text());
                seen += 1;
            }
        }
        assert_eq!(seen, 6);
    }

    #[test]
    fn codes_count_and_are_found() {
        for (at, code) in (1..).zip(TrapCode::all()) {
            assert_eq!(code.text(), format!("T{at:04}"));
            assert_eq!(
                TrapCode::parse(&code.text().to_lowercase()).map(TrapCode::text),
                Some(code.text())
            );
            assert_eq!(TrapCode::of(code.kind()).text(), code.text());
        }
        assert!(TrapCode::parse("T9999").is_none());
    }
}
