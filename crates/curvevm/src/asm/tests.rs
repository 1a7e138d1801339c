//! What the disassembler writes, the assembler reads.

use crate::Program;

/// A program with one of everything.
const EVERYTHING: &str = include_str!("../../tests/programs/everything.casm");

#[test]
fn what_is_written_is_read_again() {
    let program = Program::assemble(EVERYTHING).unwrap();
    let text = program.disassemble();
    assert_eq!(Program::assemble(&text).unwrap(), program);
    assert_eq!(program.disassemble(), text);
}

#[test]
fn mistakes_name_their_line() {
    for (text, line, expected) in [
        ("program p\nfoo", 2, "a declaration"),
        ("error E \"no end", 1, "a text that ends"),
        ("const hash #00", 1, "a hash"),
        ("const address @0", 1, "an address"),
        ("const bytes \"0\"", 1, "hexadecimal bytes"),
        ("cell a (n: u64)", 1, ":"),
        ("map a: (u64) (n: u64)", 1, "->"),
        ("event E(n: u65)", 1, "a type"),
        ("fn f() {\nret r0", 1, "a closing brace"),
        ("fn f() {\nrat r0\n}", 2, "an instruction"),
        ("fn f() {\nret 0\n}", 2, "a register"),
        ("fn f() {\nret r0 r1\n}", 2, "the end of the line"),
        ("fn f() {\njump a\n}", 2, "a label of this function"),
        ("fn f() {\nrevert E\n}", 2, "an error"),
        ("interface fn f()", 1, "entry or view"),
    ] {
        let error = Program::assemble(text).unwrap_err();
        assert_eq!((error.line, error.expected), (line, expected), "{text}");
    }
}
