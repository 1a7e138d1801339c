//! Where the machine's instructions come from.

use curvevm::{Fault, Program, Trap};

/// The lines of a program's instructions, as its own marks say them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMap {
    file: String,
    functions: Vec<FunctionMap>,
    /// Names and messages.
    errors: Vec<(String, String)>,
}

/// The lines of one function's instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionMap {
    /// The function.
    pub name: String,
    /// First instruction, line and column from 1; each holds until the next.
    pub marks: Vec<(u16, u32, u32)>,
}

impl SourceMap {
    /// Of a compiled program.
    pub fn of(program: &Program) -> Self {
        let functions = program.functions.iter().map(|function| FunctionMap {
            name: function.name.clone(),
            marks: function
                .marks
                .iter()
                .map(|mark| (mark.pc, mark.line, mark.column))
                .collect(),
        });
        Self {
            file: program.files.first().cloned().unwrap_or_default(),
            functions: functions.collect(),
            errors: program
                .errors
                .iter()
                .map(|error| (error.name.clone(), error.message.clone()))
                .collect(),
        }
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The functions, by index.
    pub fn functions(&self) -> &[FunctionMap] {
        &self.functions
    }

    /// Line and column, from 1, of an instruction.
    pub fn locate(&self, function: u16, pc: u16) -> Option<(u32, u32)> {
        let marks = &self.functions.get(usize::from(function))?.marks;
        let after = marks.partition_point(|(first, _, _)| *first <= pc);
        marks
            .get(after.checked_sub(1)?)
            .map(|(_, line, column)| (*line, *column))
    }

    /// The trap and where in the source it happened: `split.curve:31:5: division by zero`.
    pub fn describe(&self, fault: &Fault) -> String {
        let what = self.describe_trap(fault.trap);
        match self.locate(fault.function, fault.pc) {
            Some((line, column)) => format!("{}:{line}:{column}: {what}", self.file),
            None => what,
        }
    }

    /// The trap with the program's own names.
    fn describe_trap(&self, trap: Trap) -> String {
        match trap {
            Trap::Revert(at) => match self.errors.get(usize::from(at)) {
                Some((name, message)) if message.is_empty() => format!("fails with `{name}`"),
                Some((name, message)) => format!("fails with `{name}`: {message}"),
                None => trap.to_string(),
            },
            Trap::InvariantViolated(at) => match self.functions.get(usize::from(at)) {
                Some(function) => format!("the invariant `{}` does not hold", function.name),
                None => trap.to_string(),
            },
            _ => trap.to_string(),
        }
    }
}
