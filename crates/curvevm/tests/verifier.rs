//! Every rule of the verifier refuses what breaks it, and names the place.

mod common;

use curvevm::{Instr, Opcode, Place, Problem, Program, Type, Value, limits};

/// A program that is accepted: what each case breaks.
const SOUND: &str = "
program sound
file \"sound.curve\"
const u128 7
const bytes \"0102\"
error Bad \"bad\"
event Done(n: u64)
interface entry pay(u64) -> (bool)
interface view price() -> (fix)
cell total: (value: u64)
map owners: (address) -> (name: bytes[8])
fn helper(a: u64) -> (u64) {
  ret r0
}
entry run(n: u64, who: address, name: bytes[8]) -> (u64) {
  regs u64, bool, u128, bytes[16], hash, fix
  at 0 1 1
  helper_call
  ret r0
}
view look() -> (u64) {
  regs u64
  load total, r0
  ret r0
}
invariant fine() -> (bool) {
  regs bool
  ret r0
}
";

/// What is done to the program, and what the verifier says.
type Case = (fn(&mut Program), &'static str);

fn sound(line: &str) -> Program {
    Program::assemble(&SOUND.replace("helper_call", line)).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Problem and place, by their words.
fn refusal(program: Program) -> String {
    program.verify().expect_err("refused").to_string()
}

/// Lines that are refused in `run`, and why.
const REFUSED: &[(&str, &str)] = &[
    ("add.u64 r3, r0, r99", "register 99, there are 9"),
    (
        "add.u64 r3, r0, r4",
        "operand b: register 4 is bool, expected u64",
    ),
    (
        "add.u64 r4, r0, r0",
        "operand d: register 4 is bool, expected u64",
    ),
    (
        "add.u128 r5, r5, r3",
        "operand b: register 3 is u64, expected u128",
    ),
    (
        "mul.down.fix r8, r8, r5",
        "operand b: register 5 is u128, expected fix",
    ),
    ("mov.64 r3, r4", "operand a: register 4 is bool, expected u64"),
    ("mov.128 r8, r5", "operand a: register 5 is u128, expected fix"),
    (
        "mov.256 r1, r7",
        "operand a: register 7 is hash, expected address",
    ),
    (
        "mov.64 r1, r1",
        "operand d: register 1 is address, expected u64, i64 or bool",
    ),
    (
        "balance r3, r7",
        "operand a: register 7 is hash, expected address",
    ),
    ("sha256 r7, r7", "operand a: register 7 is hash, expected bytes"),
    ("sha256 r1, r2", "operand d: register 1 is address, expected hash"),
    ("mov.bytes r2, r6", "writes bytes[16] to bytes[8]"),
    ("select.bytes r2, r4, r2, r6", "writes bytes[16] to bytes[8]"),
    ("concat r6, r2, r6", "writes bytes[24] to bytes[16]"),
    ("pack r6, 2, r0", "writes bytes[40] to bytes[16]"),
    ("pack r6, 17, r0", "operand n is 17, expected at most 16"),
    (
        "pack r6, 9, r1",
        "operand a: a run of 9 registers from 1, there are 9",
    ),
    (
        "const.bool r4, true\n  jump.eq.imm r0, 65536, l\nl:",
        "operand n is 65536, expected at most 65535",
    ),
    ("const.128 r5, k2", "constant 2, there are 2"),
    ("const.128 r8, k0", "operand d: register 8 is fix, expected u128"),
    (
        "const.128 r5, k1",
        "operand d: register 5 is u128, expected bytes[2]",
    ),
    ("load owners, r2", "slot 1 is of the wrong kind, expected cell"),
    (
        "map.get total, r1, r0",
        "slot 0 is of the wrong kind, expected map",
    ),
    (
        "map.get owners, r0, r2",
        "operand k: register 0 is u64, expected address",
    ),
    (
        "map.get owners, r1, r0",
        "operand d: register 0 is u64, expected bytes[8]",
    ),
    (
        "map.set owners, r1, r6",
        "operand a: register 6 is bytes[16], expected bytes[8]",
    ),
    (
        "store total, r9",
        "operand a: a run of 1 registers from 9, there are 9",
    ),
    (
        "store total, r18446744073709551615",
        "operand a: a run of 1 registers from 18446744073709551615, there are 9",
    ),
    ("emit Done, r1", "operand a: register 1 is address, expected u64"),
    (
        "call.program r1, i1, r0, r0, r4",
        "interface 1 is of the wrong kind, expected entry",
    ),
    (
        "view.program r1, i0, r0, r4",
        "interface 0 is of the wrong kind, expected view",
    ),
    ("view.program r1, i2, r0, r4", "interface 2, there are 2"),
    (
        "view.program r1, i1, r0, r5",
        "operand d: register 5 is u128, expected fix",
    ),
    (
        "call helper, r1, r3",
        "operand a: register 1 is address, expected u64",
    ),
    (
        "call helper, r0, r4",
        "operand d: register 4 is bool, expected u64",
    ),
];

#[test]
fn instructions() {
    sound("call helper, r0, r3").verify().unwrap();
    for (line, expected) in REFUSED {
        let error = refusal(sound(line));
        assert!(
            error.starts_with("function 1, instruction ") && error.ends_with(expected),
            "{line}: {error}"
        );
    }
}

/// Indices that assembly cannot say.
#[test]
fn indices() {
    for (instr, expected) in [
        (Instr::new(Opcode::Jump, [2]), "instruction 2, there are 2"),
        (
            Instr::new(Opcode::Jump, [u64::MAX]),
            "instruction 18446744073709551615, there are 2",
        ),
        (
            Instr::new(Opcode::Call, [1, 0, 0]),
            "calls function 1, expected one before 1",
        ),
        (
            Instr::new(Opcode::Call, [3, 0, 4]),
            "calls function 3, expected one before 1",
        ),
        (Instr::new(Opcode::Call, [4, 0, 0]), "function 4, there are 4"),
        (Instr::new(Opcode::Load, [2, 0]), "slot 2, there are 2"),
        (Instr::new(Opcode::Emit, [1, 0]), "event 1, there are 1"),
        (Instr::new(Opcode::Revert, [1]), "error 1, there are 1"),
        (
            Instr::new(Opcode::ConstBool, [4, 2]),
            "operand n is 2, expected at most 1",
        ),
        (
            Instr::new(Opcode::AddU64, [u64::MAX, 0, 0]),
            "register 18446744073709551615, there are 9",
        ),
    ] {
        let mut program = sound("call helper, r0, r3");
        program.functions[1].code[0] = instr;
        assert_eq!(refusal(program), format!("function 1, instruction 0: {expected}"));
    }
}

#[test]
fn shapes_of_functions() {
    let cases: [Case; 12] = [
        (
            |p| p.functions[1].code.truncate(1),
            "function 1, instruction 0: falls off the end of the function",
        ),
        (
            |p| p.functions[1].code.clear(),
            "function 1: mark 0 is not after the one before it, or outside the function",
        ),
        (|p| p.functions[0].code.clear(), "function 0: no instructions"),
        (
            |p| p.functions[1].marks[0].file = 1,
            "function 1: mark 0 is not after the one before it, or outside the function",
        ),
        (
            |p| {
                let mark = p.functions[1].marks[0];
                p.functions[1].marks.push(mark);
            },
            "function 1: mark 1 is not after the one before it, or outside the function",
        ),
        (
            |p| p.functions[3].results.clear(),
            "function 3: an invariant takes nothing and returns one bool",
        ),
        (
            |p| p.functions[1].registers = vec![Type::Hash; 256],
            "function 1: 1030 words of registers, expected at most 1024",
        ),
        (
            |p| p.functions[2].kind = curvevm::Kind::Init { payable: false },
            "function 2: a second init, the first is function 1",
        ),
        (
            |p| p.functions[2].name = "run".to_owned(),
            "function 2: a second \"run\"",
        ),
        (
            |p| p.functions[1].params[0].name = "who".to_owned(),
            "function 1: a second \"who\"",
        ),
        (
            |p| p.functions[1].name = "1run".to_owned(),
            "function 1: \"1run\" is no identifier",
        ),
        (
            |p| p.functions[1].params[2].ty = Type::Bytes(1025),
            "function 1: bytes[1025], expected a bound from 1 to 1024",
        ),
    ];
    for (break_it, expected) in cases {
        let mut program = sound("call helper, r0, r3");
        if expected.contains("second init") {
            program.functions[1].kind = curvevm::Kind::Init { payable: true };
        }
        break_it(&mut program);
        assert_eq!(refusal(program), expected);
    }
}

#[test]
fn declarations() {
    let cases: [Case; 12] = [
        (|p| p.name.clear(), "program: \"\" is no identifier"),
        (
            |p| p.constants.push(Value::U64(1)),
            "constant 2: a constant of type u64, expected u128, fix, address, hash or bytes",
        ),
        (
            |p| p.constants.push(Value::Bytes(vec![0; 1025])),
            "constant 2: 1025 bytes of a constant, expected at most 1024",
        ),
        (|p| p.slots[0].values.clear(), "slot 0: a slot without fields"),
        (
            |p| p.slots[1].name = "total".to_owned(),
            "slot 1: a second \"total\"",
        ),
        (
            |p| p.slots[1].keys = vec![Type::U64; 5],
            "slot 1: 5 keys, expected at most 4",
        ),
        (
            |p| p.slots[1].keys = vec![Type::Bytes(0)],
            "slot 1: bytes[0], expected a bound from 1 to 1024",
        ),
        (
            |p| p.events[0].fields = vec![p.events[0].fields[0].clone(); 17],
            "event 0: 17 fields, expected at most 16",
        ),
        (
            |p| p.errors[0].message = "x".repeat(201),
            "error 0: 201 bytes of a message, expected at most 200",
        ),
        (
            |p| p.interfaces[0].name = "a b".to_owned(),
            "interface 0: \"a b\" is no identifier",
        ),
        (
            |p| p.files[0] = "x".repeat(201),
            "file 0: 201 bytes of a file's name, expected at most 200",
        ),
        (
            |p| p.interfaces = vec![p.interfaces[0].clone(); 129],
            "program: 129 interfaces, expected at most 128",
        ),
    ];
    for (break_it, expected) in cases {
        let mut program = sound("call helper, r0, r3");
        break_it(&mut program);
        assert_eq!(refusal(program), expected);
    }
}

#[test]
fn views_and_invariants_change_nothing() {
    let text = |kind: &str, line: &str| {
        format!(
            "program p
            event E()
            cell c: (n: u64)
            map m: (u64) -> (n: u64)
            interface entry e()
            interface view v()
            fn writes(n: u64) {{\n store c, r0\n ret r0\n}}
            fn through(n: u64) {{\n call writes, r0, r0\n ret r0\n}}
            fn asks(a: address) {{\n view.program a_reg, i1, r0, r0\n ret r0\n}}
            {kind} f() -> (bool) {{\n regs bool, u64, address\n {line}\n ret r0\n}}"
        )
        .replace("a_reg", "r0")
    };
    let refused = |kind: &str, line: &str| {
        let program = Program::assemble(&text(kind, line)).unwrap();
        program.verify().err().map(|error| error.problem)
    };
    for line in [
        "store c, r1",
        "map.set m, r1, r1",
        "map.remove m, r1",
        "transfer r2, r1",
        "emit E, r0",
        "call.program r2, i0, r1, r0, r0",
        "call writes, r1, r0",
        "call through, r1, r0",
    ] {
        assert_eq!(refused("view", line), Some(Problem::Writes), "{line}");
        assert_eq!(refused("invariant", line), Some(Problem::Writes), "{line}");
        assert_eq!(refused("entry", line), None, "{line}");
    }
    for line in ["view.program r2, i1, r0, r0", "call asks, r2, r0"] {
        assert_eq!(refused("view", line), None, "{line}");
        assert_eq!(refused("invariant", line), Some(Problem::Leaves), "{line}");
    }
}

#[test]
fn only_functions_and_views_are_called() {
    for kind in ["entry", "init", "invariant"] {
        let results = if kind == "invariant" { " -> (bool)" } else { "" };
        let text = format!(
            "program p\n{kind} f(){results} {{\n regs bool\n ret r0\n}}\nentry g() {{\n regs bool\n call f, r0, r0\n ret r0\n}}"
        );
        let error = Program::assemble(&text).unwrap().verify().unwrap_err();
        assert_eq!(error.problem, Problem::CallsExported { got: 0 }, "{kind}");
        assert_eq!(error.place, Place::Instr { function: 1, pc: 0 });
    }
}

#[test]
fn chains_of_calls_are_bounded() {
    let chain = |length: usize, registers: usize| {
        let mut text = String::from("program p\n");
        for n in 0..length {
            let registers = vec!["u64"; registers].join(", ");
            let call = if n > 0 {
                format!("call f{}, r0, r0\n", n - 1)
            } else {
                String::new()
            };
            text += &format!("fn f{n}() {{\n regs {registers}\n {call} ret r0\n}}\n");
        }
        Program::assemble(&text)
            .unwrap()
            .verify()
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(chain(limits::MAX_FUNCTION_DEPTH, 1), Ok(()));
    let deep = "function 64: 65 functions in a chain of calls, expected at most 64";
    assert_eq!(chain(65, 1), Err(deep.to_owned()));
    assert_eq!(chain(16, 1024), Ok(()));
    let wide = "function 16: 17408 words in a chain of calls, expected at most 16384";
    assert_eq!(chain(17, 1024), Err(wide.to_owned()));
}

#[test]
fn huge_programs_are_refused() {
    let mut program = sound("call helper, r0, r3");
    let mov = Instr::new(Opcode::Mov64, [0, 0]);
    program.functions[0].code = vec![mov; limits::MAX_CODE];
    assert_eq!(
        refusal(program.clone()),
        "program: 32773 instructions, expected at most 32768"
    );
    let bytes = program.encode();
    assert!(
        Program::decode(&bytes).is_ok(),
        "the decoder's limit is per function"
    );
    program.functions[0].code.push(mov);
    let error = Program::decode(&program.encode()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("32769 instructions, expected at most 32768"),
        "{error}"
    );
    program.functions[0].code = vec![Instr::new(Opcode::ConstU64, [0, u64::MAX]); 12_000];
    assert!(refusal(program.clone()).ends_with("bytes of the program, expected at most 131072"));
    let error = Program::decode(&program.encode()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("bytes of a program, expected at most 131072"),
        "{error}"
    );
}

#[test]
fn a_block_that_no_gas_suffices_for() {
    let fields: Vec<String> = (0..16).map(|n| format!("f{n}: bytes[1024]")).collect();
    let registers = vec!["bytes[1024]"; 16].join(", ");
    let store = " store c, r0\n".repeat(8000);
    let text = format!(
        "program p\ncell c: ({})\nentry f() {{\n regs {registers}\n{store} ret r0\n}}",
        fields.join(", ")
    );
    let error = Program::assemble(&text).unwrap().verify().unwrap_err();
    assert!(matches!(error.problem, Problem::BlockGas { .. }), "{error}");
}

#[test]
fn worst_gas_is_known_without_loops() {
    let verified = |line: &str| sound(line).verify().unwrap();
    let costs = |op: Opcode| op.spec().cost.of(0, 0);
    // The entry with 18 words, a call of one word; then the invariant with one word.
    let call = Opcode::Call.spec().cost;
    let ret = costs(Opcode::Ret);
    let invariant = call.of(0, 1) + ret;
    let program = verified("call helper, r0, r3");
    let words = 1 + 4 + 1 + 1 + 1 + 2 + 1 + 4 + 2;
    // `Call` costs by words alone: its runs are not byte strings.
    let expected = call.of(0, words) + (call.of(0, 1) + ret) + ret + invariant;
    assert_eq!(program.worst_gas(1).unwrap().0, expected);
    assert_eq!(program.worst_gas(9), None);
    assert_eq!(program.instruction_gas(1, 0).unwrap().0, call.of(0, 1));
    assert_eq!(program.instruction_gas(1, 1).unwrap().0, ret);
    assert_eq!(program.instruction_gas(1, 2), None);
    let shown = program.program().show(&program.program().functions[1].code[0]);
    assert_eq!(shown, "call helper, r0, r3");
    assert_eq!(
        verified("again: jump.lt r0, r3, again").worst_gas(1),
        None,
        "a loop"
    );
    assert_eq!(
        verified("view.program r1, i1, r0, r8").worst_gas(1),
        None,
        "another program"
    );
    // The dearer of two ways.
    let branch = verified("jump.if r4, dear\n  ret r0\ndear:\n  sha256 r7, r2");
    let sha = Opcode::Sha256.spec().cost.of(Type::Bytes(8).max_bytes(), 0);
    let expected = call.of(0, words) + costs(Opcode::JumpIf) + sha + ret + invariant;
    assert_eq!(branch.worst_gas(1).unwrap().0, expected);
}

#[test]
fn upgrades_keep_what_is_stored() {
    let old = sound("call helper, r0, r3").verify().unwrap();
    let next = |change: fn(&mut Program)| {
        let mut program = sound("sub.u64 r3, r0, r0");
        change(&mut program);
        old.check_upgrade(&program.verify().unwrap())
            .map_err(|error| error.to_string())
    };
    assert_eq!(next(|_| {}), Ok(()));
    let more = |p: &mut Program| {
        let mut slot = p.slots[1].clone();
        slot.name = "more".to_owned();
        p.slots.push(slot);
    };
    assert_eq!(next(more), Ok(()));
    let gone = next(|p| p.slots[1].name = "other".to_owned());
    assert_eq!(gone, Err("slot owners is gone".to_owned()));
    let changed = next(|p| p.slots[1].values[0].ty = Type::Bytes(9));
    assert_eq!(changed, Err("slot owners has other keys or fields".to_owned()));
}
