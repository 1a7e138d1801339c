//! What comes out of the compiler besides the program.

mod common;

use curve_lang::{Options, compile, diagnostic::Code, interface::Interface};

fn split() -> curve_lang::Artifact {
    let (name, source) = common::examples()
        .into_iter()
        .find(|(name, _)| name == "split.curve")
        .unwrap();
    compile(
        &source,
        &Options {
            file: name,
            ..Options::default()
        },
    )
    .unwrap()
}

#[test]
fn interfaces_say_what_callers_need() {
    let Interface {
        entries,
        views,
        events,
        errors,
        init,
        state,
        ..
    } = split().interface;
    assert_eq!(init.unwrap().params.len(), 3);
    assert_eq!((entries[0].name.as_str(), entries[0].payable), ("pay", true));
    assert_eq!(
        entries[0].docs,
        "Pays out at once. What rounding leaves over is the second one's."
    );
    assert_eq!(views[0].result.as_ref().unwrap().scalars, ["u64", "u64"]);
    assert_eq!(events[0].fields[2].ty, "Asset");
    let names: Vec<&str> = errors.iter().map(|error| error.name.as_str()).collect();
    assert_eq!(names, ["Insufficient", "Unspent", "NotAPercentage"]);
    assert_eq!(state[2].docs, "What the first one gets of every hundred.");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("split.json", split().interface.to_json());
    });
}

#[test]
fn every_instruction_has_its_place_in_the_source() {
    let artifact = split();
    let (_, source) = common::examples()
        .into_iter()
        .find(|(name, _)| name == "split.curve")
        .unwrap();
    let lines = u32::try_from(source.lines().count()).unwrap();
    for (index, function) in (0u16..).zip(&artifact.program.functions) {
        for pc in 0..u16::try_from(function.code.len()).unwrap() {
            let (line, column) = artifact.source_map.locate(index, pc).unwrap();
            assert!(
                (1..=lines).contains(&line) && column > 0,
                "{} {pc}",
                function.name
            );
        }
    }
    let share_of = artifact
        .program
        .functions
        .iter()
        .position(|function| function.name == "share_of")
        .unwrap();
    let divide = artifact.program.functions[share_of]
        .code
        .iter()
        .position(|instr| instr.op == curvevm::Opcode::MulDivDownU64);
    let place = artifact.source_map.locate(
        u16::try_from(share_of).unwrap(),
        u16::try_from(divide.unwrap()).unwrap(),
    );
    let wanted = source
        .lines()
        .position(|line| line.contains("mul_div_down(amount"))
        .unwrap()
        + 1;
    assert_eq!(place, Some((u32::try_from(wanted).unwrap(), 5)));
}

#[test]
fn what_the_machine_cannot_hold_is_refused() {
    let hashes: String = (0..300)
        .map(|i| format!("let h{i} = sha256(n + {i});\n"))
        .collect();
    let used: String = (0..300)
        .map(|i| format!("if h{i} == h {{ return {i}; }}\n"))
        .collect();
    let source = format!("program p;\nview v(n: Count, h: Hash) -> Count {{\n{hashes}{used}0\n}}\n");
    let errors = compile(&source, &Options::default()).unwrap_err();
    let codes: Vec<Code> = errors
        .iter()
        .map(|error| error.code)
        .filter(|code| *code == Code::TooLarge)
        .collect();
    assert_eq!(codes.len(), 1, "{errors}");
    assert!(errors.to_string().contains("words of registers"), "{errors}");
}

#[test]
fn the_program_between_can_be_read() {
    let source = "program p;\nview twice(n: Count) -> Count { if n < 9 { n + n } else { 9 } }\n";
    let text = curve_lang::lower(source, &Options::default()).unwrap();
    for part in ["twice {", "b0(v0: u64):", "if v", "= add.u64 v0, v0", "  ret v"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}
