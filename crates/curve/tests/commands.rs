//! What each command prints and how it ends, by the real process.

mod common;

use std::{fs::File, io::Read as _, process::Stdio};

use common::{Playground, binary, words};
use curve::explain::traps::{Example, TrapCode};
use curve_lang::diagnostic::Code;
use serde_json::Value;

/// A program with a mistake, one with a warning, and one that is not laid out.
const WRONG: &str = "program wrong;\n\nunit Share;\n\nview v(a: Asset, s: Share) -> Asset {\n    a + s\n}\n";
const DOUBTFUL: &str = "program doubtful;\n\nview v() -> Count {\n    let a = 1;\n    2\n}\n";
const UNTIDY: &str = "program untidy;\nview v()->Count{1}\n// ä\nview w() -> Count { 2 }\n";
/// Tests that fail: one plainly, one for some values.
const FAILING: &str = "program failing;

view half(n: Count) -> Count {
    n /down 2
}

test \"plain\" {
    assert half(4) == 3;
}

test \"it's for all\" {
    for all n in 0..1_000_000 {
        assert half(n) < 1_234;
    }
}

test \"fine\" {
    assert half(4) == 2;
}
";
/// Fails for odd values from 10 on.
const ODD: &str = "program odd;

test \"halves\" {
    for all n in 0..1_000_000_000 {
        assert n < 10 || n % 2 == 0;
    }
}
";
/// Loops, calls a function, and has an invariant.
const BUSY: &str = "program busy;

state {
    sum: Count,
}

entry add(rounds: Count) -> Count {
    for i in 0..4 {
        if i == rounds {
            break;
        }
        state.sum += square(i);
    }
    state.sum
}

fn square(n: Count) -> Count {
    n * n
}

invariant small: state.sum < 10;
";

macro_rules! assert_shows {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn help_says_how() {
    let mut here = Playground::new();
    assert_shows!(
        "help",
        here.transcript(&["curve --help", "curve -h", "curve nonsense", "curve run"])
    );
    let commands = [
        "check", "build", "run", "test", "fmt", "disasm", "trace", "gas", "explain", "new", "lsp",
    ];
    for command in commands {
        let help = here.run(&format!("curve {command} --help"));
        assert!(
            help.code == 0 && help.shown.contains("Example") || command == "lsp",
            "{command}"
        );
        assert_shows!(format!("help_{command}"), help.shown);
    }
    assert_eq!(here.run("curve").code, 2);
    assert!(here.run("curve --version").shown.starts_with("curve "));
}

#[test]
fn a_new_program_passes_everything() {
    let mut here = Playground::new();
    let story = [
        "curve new savings && cd savings",
        "curve check --deny-warnings",
        "curve fmt --check",
        "curve test",
        "curve gas",
        "curve run savings.curve init '30 days' --caller me --state ledger.json",
        "curve run savings.curve put_in --payment '2 ASSET' --fund 'me=10 ASSET' --state ledger.json",
        "curve run savings.curve take_out --state ledger.json",
        "curve run savings.curve take_out --time '+30 days' --state ledger.json",
        "curve build",
        "cd .. && curve new savings",
        "curve new Savings",
        "curve new state",
        "curve new ../savings",
    ];
    assert_shows!("new", here.transcript(&story));
    let readme = here.read("savings/README.md");
    for line in readme.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let command = words(line.split('#').next().unwrap())[..2].join(" ");
        assert!(
            story.iter().any(|told| told.contains(&command)),
            "{command} is not tried here"
        );
    }
}

#[test]
fn checks_find_what_is_wrong() {
    let mut here = Playground::new();
    here.write("wrong.curve", WRONG);
    here.write("doubtful.curve", DOUBTFUL);
    let shown = here.transcript(&[
        "curve check",
        "curve check doubtful.curve",
        "curve check doubtful.curve --deny-warnings",
        "curve check wrong.curve --json",
    ]);
    assert_shows!("check", shown);
    let report = json(&here.run("curve check --json").shown);
    assert_eq!(report["ok"], false);
    let codes: Vec<&str> = (0..2)
        .map(|file| report["files"][file]["diagnostics"][0]["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["W0901", "E0302"]);
    assert_eq!(here.curve(&["check", "-"], DOUBTFUL).code, 0);
}

#[test]
fn builds_write_all_kinds() {
    let mut here = Playground::with_examples();
    let kinds = "bytecode,interface,source-map,asm,ir";
    let built = here.run(&format!(
        "curve build split.curve --emit {kinds} --out-dir out/deep"
    ));
    assert_eq!(built.code, 0, "{}", built.shown);
    let sizes: Vec<&str> = built.shown.lines().collect();
    assert_eq!(sizes.len(), 5);
    for end in ["curvevm", "json", "map.json", "asm", "ir"] {
        let length = std::fs::metadata(here.path(&format!("out/deep/split.{end}")))
            .unwrap()
            .len();
        let expected = format!("out/deep/split.{end}: {length} bytes");
        assert!(
            sizes.contains(&expected.as_str()),
            "{expected} is not in {sizes:?}"
        );
    }
    let assembly = here.read("out/deep/split.asm");
    let program = curvevm::Program::assemble(&assembly).unwrap();
    let bytes = std::fs::read(here.path("out/deep/split.curvevm")).unwrap();
    assert_eq!(
        program.encode(),
        bytes,
        "assembly and bytecode are the same program"
    );
    assert_eq!(
        json(&here.read("out/deep/split.map.json"))["functions"][0]["name"],
        "init"
    );
    assert_eq!(json(&here.read("out/deep/split.json"))["name"], "split");
    let printed = here.run("curve build split.curve --emit asm --stdout");
    assert_eq!(printed.shown, assembly);
    assert!(here.read("out/deep/split.ir").contains("pay {"));
    here.write("wrong.curve", WRONG);
    let refused = here.run("curve build wrong.curve");
    assert!(refused.code == 1 && refused.shown.contains("error[") && refused.shown.contains("E0302"));
}

#[test]
fn calls_make_a_story() {
    let mut here = Playground::with_examples();
    let shown = here.transcript(&[
        "curve run split.curve init alice bob 101 --state ledger.json",
        "curve run split.curve init alice bob 30 --state ledger.json",
        "curve run split.curve init alice bob 30 --state ledger.json",
        "curve run split.curve pay --caller carol --fund 'carol=100 ASSET' --payment '10 ASSET' --state ledger.json",
        "curve run split.curve pay --caller carol --payment '200 ASSET' --state ledger.json",
        "curve run split.curve pay --caller carol --payment '0.000000001 ASSET' --state ledger.json --json",
        "curve run bonding_curve.curve buy 1000 --state ledger.json",
        "curve run bonding_curve.curve buy '1_000 Share' --payment '2 ASSET' --fund 'me=5 ASSET'",
        "curve run bonding_curve.curve cost_of MAX_SUPPLY",
        "curve run bonding_curve.curve buy MAX_SUPPLY --gas-limit 1000 --json",
    ]);
    assert_shows!("run", shown);
}

#[test]
fn a_call_that_fails_leaves_the_ledger_alone() {
    let mut here = Playground::with_examples();
    here.run("curve run split.curve init alice bob 30 --state ledger.json");
    let before = here.read("ledger.json");
    let failed =
        here.run("curve run split.curve pay --payment '1 ASSET' --time '+1 day' --state ledger.json");
    assert_eq!((failed.code, here.read("ledger.json")), (1, before));
}

#[test]
fn mistakes_in_calls_are_explained() {
    let mut here = Playground::with_examples();
    here.write("broken.json", "{");
    here.write("other.json", r#"{"version":9,"program":"split","deployed":true,"height":1,"time_ms":1,"accounts":[],"storage":{}}"#);
    let shown = here.transcript(&[
        "curve run split.curve pay",
        "curve run split.curve poy",
        "curve run split.curve init alice bob",
        "curve run split.curve init alice bob '3 ASSET'",
        "curve run split.curve init alice bob '30 // a comment'",
        "curve run split.curve init alice bob '30; fail'",
        "curve run split.curve init alice 'account(\"bob\")' '1 - 2'",
        "curve run bonding_curve.curve supply --payment 5",
        "curve run bonding_curve.curve buy '5 Share' --payment 5",
        "curve run bonding_curve.curve buy '5 Share' --fund me",
        "curve run bonding_curve.curve buy '5 Share' --caller 'a b'",
        "curve run bonding_curve.curve buy '5 Share' --time tomorrow",
        "curve run bonding_curve.curve buy '5 Share' --time '+5'",
        "curve run bonding_curve.curve buy '5 Share' --height +x",
        "curve run bonding_curve.curve supply --state broken.json",
        "curve run split.curve init alice bob 3 --state other.json",
    ]);
    assert_shows!("run_mistakes", shown);
}

#[test]
fn failing_tests_are_shrunk_and_repeated() {
    let mut here = Playground::new();
    here.write("failing.curve", FAILING);
    let shown = here.transcript(&[
        "curve test",
        "curve test failing.curve --filter fine",
        "curve test failing.curve --filter nobody",
        "curve test --filter plain --json",
    ]);
    assert_shows!("test", shown);
    let report = json(&here.run("curve test --json --seed 9 --cases 50").shown);
    let failed: Vec<&Value> = report["tests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|test| test["ok"] == false)
        .collect();
    assert_eq!((report["passed"].as_u64(), failed.len()), (Some(1), 2));
    assert_eq!(failed[1]["failure"]["case"][0][1], "2468", "the smallest one");
    let repeat = words(failed[1]["repeat"].as_str().unwrap());
    here.write("odd.curve", ODD);
    let odd = here.run("curve test odd.curve").shown;
    assert!(odd.contains("with n = 11"), "{odd}");
    let again = here.curve(&repeat[1..], "");
    assert!(
        again.code == 1 && again.shown.contains("n = 2468"),
        "{}",
        again.shown
    );
}

#[test]
fn layout_is_shown_or_made() {
    let mut here = Playground::new();
    here.write("untidy.curve", UNTIDY);
    here.write("wrong.curve", "program wrong\n");
    let shown = here.transcript(&[
        "curve fmt --check untidy.curve",
        "curve fmt untidy.curve",
        "curve fmt --check untidy.curve",
        "curve fmt untidy.curve",
        "curve fmt",
    ]);
    assert_shows!("fmt", shown);
    let laid_out = here.read("untidy.curve");
    assert_eq!(here.curve(&["fmt", "-"], UNTIDY).shown, laid_out);
    assert_eq!(here.curve(&["fmt", "--check", "-"], UNTIDY).code, 1);
}

#[test]
fn bytecode_is_shown_and_verified() {
    let mut here = Playground::new();
    here.write("busy.curve", BUSY);
    let shown = here.transcript(&["curve disasm", "curve build", "curve disasm build/busy.curvevm"]);
    assert_shows!("disasm", shown);
    let shown = here.run("curve disasm").shown;
    let program = curvevm::Program::assemble(&shown).unwrap();
    let bytes = std::fs::read(here.path("build/busy.curvevm")).unwrap();
    assert_eq!(program.encode(), bytes, "what is shown is the program");
    let confused = "program p\nentry go() -> (u64) {\n  regs address\n  add.u64 r0, r0, r0\n  ret r0\n}";
    let confused = curvevm::Program::assemble(confused).unwrap().encode();
    std::fs::write(here.path("confused.curvevm"), confused).unwrap();
    std::fs::write(here.path("cut.curvevm"), &bytes[..bytes.len() - 1]).unwrap();
    let shown = here.transcript(&[
        "curve disasm confused.curvevm",
        "curve disasm cut.curvevm",
        "curve check confused.curvevm",
    ]);
    assert_shows!("disasm_mistakes", shown);
}

#[test]
fn traces_show_every_instruction() {
    let mut here = Playground::new();
    here.write("busy.curve", BUSY);
    let shown = here.transcript(&[
        "curve trace busy.curve add 2",
        "curve trace busy.curve add 4 --steps 5",
    ]);
    assert_shows!("trace", shown);
}

#[test]
fn gas_is_told_by_function_and_by_line() {
    let mut here = Playground::new();
    here.write("busy.curve", BUSY);
    assert_shows!(
        "gas",
        here.transcript(&["curve gas", "curve gas busy.curve add 3", "curve gas --json"])
    );
    for rounds in 0..5 {
        let bill = json(
            &here
                .run(&format!("curve gas busy.curve add {rounds} --json"))
                .shown,
        );
        let of_lines: u64 = bill["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["gas"].as_u64().unwrap())
            .sum();
        assert_eq!(
            of_lines + bill["other"].as_u64().unwrap(),
            bill["gas"].as_u64().unwrap()
        );
        let run = json(
            &here
                .run(&format!("curve run busy.curve add {rounds} --json"))
                .shown,
        );
        assert_eq!(run["gas"], bill["gas"], "rounds: {rounds}");
    }
}

#[test]
fn every_code_is_explained() {
    let mut here = Playground::new();
    let list = here.run("curve explain --list").shown;
    let codes: Vec<&str> = list
        .lines()
        .map(|line| line.split_once("  ").unwrap().0)
        .collect();
    assert_eq!(codes.len(), Code::ALL.len() + TrapCode::all().count());
    for code in codes {
        let told = here.run(&format!("curve explain {}", code.to_lowercase()));
        assert!(
            told.code == 0 && told.shown.starts_with(code),
            "{code}: {}",
            told.shown
        );
    }
    let shown = here.transcript(&[
        "curve explain E0302",
        "curve explain T0002",
        "curve explain T0009",
        "curve explain X1",
    ]);
    assert_shows!("explain", shown);
}

#[test]
fn examples_of_traps_end_as_they_say() {
    let mut here = Playground::new();
    let mut tried = 0;
    for code in TrapCode::all() {
        let (wrong, right) = code.examples();
        for (example, expected) in [(wrong, 1), (right, 0)] {
            let Example::Curve { items, call } = example else {
                continue;
            };
            here.write("example.curve", &format!("program example;\n\n{items}\n"));
            let ran = here.run(&format!("curve run example.curve {call}"));
            assert_eq!(ran.code, expected, "{}", ran.shown);
            let named = ran.shown.contains(&format!("error[{}]", code.text()));
            assert_eq!(named, expected == 1, "{}: {}", code.text(), ran.shown);
            let tidy = here.run("curve fmt --check");
            assert_eq!(tidy.code, 0, "{}: {}", code.text(), tidy.shown);
            tried += 1;
        }
    }
    assert!(tried >= 16, "{tried}");
}

#[test]
fn what_is_no_program_is_refused() {
    let mut here = Playground::new();
    here.write("program.curve", DOUBTFUL);
    File::create(here.path("big.curve"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    std::fs::write(here.path("binary.curve"), [0x7f, b'E', b'L', b'F', 0xff, 0]).unwrap();
    std::fs::write(here.path("code.curve"), b"CURV\x01").unwrap();
    std::fs::create_dir(here.path("folder")).unwrap();
    for command in ["check", "build", "test", "fmt", "gas", "disasm"] {
        for file in [
            "big.curve",
            "binary.curve",
            "folder",
            ".",
            "absent.curve",
            "code.curve",
        ] {
            let ran = here.run(&format!("curve {command} {file}"));
            assert_eq!(ran.code, 2, "{command} {file}: {}", ran.shown);
            assert!(
                ran.shown.contains("error: ") && ran.shown.contains("hint: "),
                "{}",
                ran.shown
            );
        }
    }
    let shown = here.transcript(&[
        "curve check big.curve",
        "curve check binary.curve",
        "curve check code.curve",
        "curve check folder",
        "curve check .",
        "curve check absent.curve",
        "curve build",
        "cd folder && curve test",
    ]);
    assert_shows!("refused", shown);
}

#[test]
fn results_and_notices_go_apart() {
    let here = Playground::with_examples();
    here.write("wrong.curve", WRONG);
    let (out, err) = here.streams(&["check", "wrong.curve"]);
    assert!(
        out.starts_with("bad ") && err.contains("error[E0302]"),
        "{out}{err}"
    );
    let (out, err) = here.streams(&["run", "split.curve", "init", "a", "b", "101"]);
    assert!(
        out.starts_with("gas ") && err.contains("error[T0005]"),
        "{out}{err}"
    );
    for args in [
        &["check", "absent.curve"][..],
        &["run", "wrong.curve", "v"],
        &["test", "wrong.curve"],
        &["gas", "wrong.curve"],
    ] {
        let (out, err) = here.streams(&[args, &["--json"]].concat());
        assert_eq!(json(&out)["ok"], false, "{args:?}");
        assert_eq!(err.starts_with("error: "), args[0] == "check", "{args:?}: {err}");
    }
}

#[test]
fn colours_are_for_terminals() {
    let mut here = Playground::new();
    here.write("wrong.curve", WRONG);
    assert!(!here.run("curve check").shown.contains('\x1b'));
    let coloured = here.run("curve check --color always").shown;
    assert!(coloured.contains("\x1b["));
    assert!(!here.run("curve check --color never").shown.contains('\x1b'));
}

#[test]
fn shells_and_man_know_the_commands() {
    let mut here = Playground::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = here.run(&format!("curve completions {shell}"));
        assert!(script.code == 0 && script.shown.contains("disasm"), "{shell}");
    }
    let page = here.run("curve man");
    assert!(page.code == 0 && page.shown.contains(".TH") && page.shown.contains("explain"));
}

#[test]
fn a_reader_who_leaves_is_no_failure() {
    let here = Playground::with_examples();
    let mut child = binary(&here.path("."))
        .args(["explain", "--list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut notices = String::new();
    child.stderr.take().unwrap().read_to_string(&mut notices).unwrap();
    assert_eq!((child.wait().unwrap().code(), notices.as_str()), (Some(0), ""));
}

#[test]
fn examples_are_laid_out_and_pass() {
    let mut here = Playground::with_examples();
    for command in [
        "curve check --deny-warnings",
        "curve fmt --check",
        "curve test --cases 64",
        "curve test --cases 20 --seed 77",
    ] {
        let ran = here.run(command);
        assert_eq!(ran.code, 0, "{command}: {}", ran.shown);
    }
}
