//! The assembler.

use std::collections::BTreeMap;

use super::lex::{Token, tokens};
use crate::{
    Address, ErrorKind, EventKind, Field, Function, Instr, Interface, Kind, MAX_OPERANDS, Mark, Opcode,
    Operand, Program, Slot, Type, Value,
};

/// Why a text is not assembly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}, got {got}")]
pub struct AsmError {
    /// The line, from 1.
    pub line: usize,
    /// What was wanted.
    pub expected: &'static str,
    /// What came.
    pub got: String,
}

/// What is left of a line.
struct Line {
    number: usize,
    tokens: std::vec::IntoIter<Token>,
}

type Parsed<T> = Result<T, AsmError>;

pub fn program(text: &str) -> Parsed<Program> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let got = || line.to_owned();
        let tokens = tokens(line).ok_or_else(|| AsmError {
            line: number,
            expected: "a text that ends",
            got: got(),
        })?;
        if !tokens.is_empty() {
            let tokens = tokens.into_iter();
            lines.push(Line { number, tokens });
        }
    }
    let mut parser = Parser {
        program: Program::default(),
        lines: lines.into_iter(),
    };
    while let Some(line) = parser.lines.next() {
        parser.item(line)?;
    }
    Ok(parser.program)
}

struct Parser {
    program: Program,
    lines: std::vec::IntoIter<Line>,
}

impl Parser {
    fn item(&mut self, mut line: Line) -> Parsed<()> {
        let program = &mut self.program;
        match line.word("a declaration")?.as_str() {
            "program" => program.name = line.word("a name")?,
            "file" => program.files.push(line.text()?),
            "const" => program.constants.push(line.constant()?),
            "error" => program.errors.push(ErrorKind {
                name: line.word("a name")?,
                message: line.text()?,
            }),
            "event" => program.events.push(EventKind {
                name: line.word("a name")?,
                fields: line.list(Line::field)?,
            }),
            "interface" => program.interfaces.push(Interface {
                view: line.choice(&["entry", "view"])? == 1,
                name: line.word("a name")?,
                params: line.list(Line::ty)?,
                results: line.returns()?,
            }),
            "cell" => program.slots.push(Slot {
                name: line.named()?,
                keys: Vec::new(),
                values: line.list(Line::field)?,
            }),
            "map" => program.slots.push(Slot {
                name: line.named()?,
                keys: line.list(Line::ty)?,
                values: line.arrow()?.list(Line::field)?,
            }),
            "fn" => return self.function(line, Kind::Internal),
            "init" => {
                let payable = line.payable();
                return self.function(line, Kind::Init { payable });
            }
            "entry" => {
                let payable = line.payable();
                return self.function(line, Kind::Entry { payable });
            }
            "view" => return self.function(line, Kind::View),
            "invariant" => return self.function(line, Kind::Invariant),
            got => return line.fail("a declaration", got),
        }
        line.end()
    }

    fn function(&mut self, mut line: Line, kind: Kind) -> Parsed<()> {
        let mut function = Function {
            name: line.word("a name")?,
            kind,
            params: line.list(Line::field)?,
            results: line.returns()?,
            registers: Vec::new(),
            code: Vec::new(),
            marks: Vec::new(),
        };
        line.mark('{')?;
        line.end()?;
        let mut labels = BTreeMap::new();
        let mut jumps = Vec::new();
        loop {
            let Some(mut line) = self.lines.next() else {
                return line.fail("a closing brace", "the end");
            };
            if line.is_mark('}') {
                line.next();
                line.end()?;
                break;
            }
            self.body(&mut line, &mut function, &mut labels, &mut jumps)?;
            line.end()?;
        }
        for jump in jumps {
            let Some(pc) = labels.get(&jump.label) else {
                return jump.line.fail("a label of this function", &jump.label);
            };
            function.code[jump.pc].args[jump.operand] = *pc;
        }
        self.program.functions.push(function);
        Ok(())
    }

    /// A line of a function: registers, a mark, a label, an instruction.
    fn body(
        &self,
        line: &mut Line,
        function: &mut Function,
        labels: &mut BTreeMap<String, u64>,
        jumps: &mut Vec<Jump>,
    ) -> Parsed<()> {
        let mut word = line.word("an instruction")?;
        while line.is_mark(':') {
            line.next();
            labels.insert(word, function.code.len() as u64);
            if line.tokens.len() == 0 {
                return Ok(());
            }
            word = line.word("an instruction")?;
        }
        match word.as_str() {
            "regs" => loop {
                function.registers.push(line.ty()?);
                if line.tokens.len() == 0 {
                    return Ok(());
                }
                line.mark(',')?;
            },
            "at" => {
                function.marks.push(Mark {
                    pc: line.narrow(function.code.len() as u64)?,
                    file: line.number().and_then(|n| line.narrow(n))?,
                    line: line.number().and_then(|n| line.narrow(n))?,
                    column: line.number().and_then(|n| line.narrow(n))?,
                });
                Ok(())
            }
            _ => {
                let instr = self.instr(&word, line, function.code.len(), jumps)?;
                function.code.push(instr);
                Ok(())
            }
        }
    }

    fn instr(&self, mnemonic: &str, line: &mut Line, pc: usize, jumps: &mut Vec<Jump>) -> Parsed<Instr> {
        let Some(op) = Opcode::from_mnemonic(mnemonic) else {
            return line.fail("an instruction", mnemonic);
        };
        let mut args = [0; MAX_OPERANDS];
        for (operand, (_, kind)) in op.spec().operands.iter().enumerate() {
            if operand > 0 {
                line.mark(',')?;
            }
            if *kind == Operand::Target {
                let label = line.word("a label")?;
                let line = Line::at(line.number);
                jumps.push(Jump {
                    line,
                    pc,
                    operand,
                    label,
                });
            } else {
                args[operand] = self.operand(*kind, line)?;
            }
        }
        Ok(Instr { op, args })
    }

    fn operand(&self, kind: Operand, line: &mut Line) -> Parsed<u64> {
        let program = &self.program;
        match kind {
            Operand::In(_) | Operand::Out(_) | Operand::InRun(_) | Operand::OutRun(_) => {
                line.prefixed("r", "a register")
            }
            Operand::Constant => line.prefixed("k", "a constant"),
            Operand::EntryInterface | Operand::ViewInterface => line.prefixed("i", "an interface"),
            Operand::Imm64 | Operand::Imm16 | Operand::Count => line.number(),
            Operand::ImmI64 => line.parsed::<i64>("a number").map(i64::cast_unsigned),
            Operand::ImmBool => line.parsed::<bool>("false or true").map(u64::from),
            Operand::Function => line.reference("a function", program.functions.iter().map(|f| &f.name)),
            Operand::Cell | Operand::Map => line.reference("a slot", program.slots.iter().map(|s| &s.name)),
            Operand::Event => line.reference("an event", program.events.iter().map(|e| &e.name)),
            Operand::Error => line.reference("an error", program.errors.iter().map(|e| &e.name)),
            Operand::Target => line.number(),
        }
    }
}

/// A jump whose label may come later.
struct Jump {
    line: Line,
    pc: usize,
    operand: usize,
    label: String,
}

impl Line {
    fn at(number: usize) -> Self {
        let tokens = Vec::new().into_iter();
        Self { number, tokens }
    }

    fn fail<T>(&self, expected: &'static str, got: &str) -> Parsed<T> {
        Err(AsmError {
            line: self.number,
            expected,
            got: format!("{got:?}"),
        })
    }

    fn unexpected<T>(&self, expected: &'static str, got: Option<Token>) -> Parsed<T> {
        match got {
            Some(Token::Word(got) | Token::Text(got)) => self.fail(expected, &got),
            Some(Token::Mark(got)) => self.fail(expected, &got.to_string()),
            None => self.fail(expected, "the end of the line"),
        }
    }

    fn next(&mut self) -> Option<Token> {
        self.tokens.next()
    }

    fn end(&mut self) -> Parsed<()> {
        match self.next() {
            None => Ok(()),
            got => self.unexpected("the end of the line", got),
        }
    }

    fn word(&mut self, expected: &'static str) -> Parsed<String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            got => self.unexpected(expected, got),
        }
    }

    fn text(&mut self) -> Parsed<String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            got => self.unexpected("a text in quotes", got),
        }
    }

    fn is_mark(&self, mark: char) -> bool {
        self.tokens.as_slice().first() == Some(&Token::Mark(mark))
    }

    fn mark(&mut self, mark: char) -> Parsed<()> {
        if self.is_mark(mark) {
            self.next();
            return Ok(());
        }
        let expected = match mark {
            '(' => "(",
            ')' => ")",
            '{' => "{",
            ',' => ",",
            _ => ":",
        };
        let got = self.next();
        self.unexpected(expected, got)
    }

    fn parsed<T: std::str::FromStr>(&mut self, expected: &'static str) -> Parsed<T> {
        let word = self.word(expected)?;
        word.parse().or_else(|_| self.fail(expected, &word))
    }

    fn number(&mut self) -> Parsed<u64> {
        self.parsed("a number")
    }

    fn narrow<T: TryFrom<u64>>(&self, number: u64) -> Parsed<T> {
        T::try_from(number).or_else(|_| self.fail("a smaller number", &number.to_string()))
    }

    fn prefixed(&mut self, prefix: &str, expected: &'static str) -> Parsed<u64> {
        let word = self.word(expected)?;
        let number = word.strip_prefix(prefix).and_then(|number| number.parse().ok());
        number.map_or_else(|| self.fail(expected, &word), Ok)
    }

    fn reference<'a>(
        &mut self,
        expected: &'static str,
        mut names: impl Iterator<Item = &'a String>,
    ) -> Parsed<u64> {
        let word = self.word(expected)?;
        match names.position(|name| *name == word) {
            Some(index) => Ok(index as u64),
            None => self.fail(expected, &word),
        }
    }

    fn choice(&mut self, words: &[&str]) -> Parsed<usize> {
        let word = self.word("entry or view")?;
        let found = words.iter().position(|choice| *choice == word);
        found.map_or_else(|| self.fail("entry or view", &word), Ok)
    }

    fn payable(&mut self) -> bool {
        let payable = self.tokens.as_slice().first() == Some(&Token::Word("payable".to_owned()));
        if payable {
            self.next();
        }
        payable
    }

    /// `name:`
    fn named(&mut self) -> Parsed<String> {
        let name = self.word("a name")?;
        self.mark(':')?;
        Ok(name)
    }

    fn arrow(&mut self) -> Parsed<&mut Self> {
        match self.word("->")?.as_str() {
            "->" => Ok(self),
            got => self.fail("->", got),
        }
    }

    fn returns(&mut self) -> Parsed<Vec<Type>> {
        if self.tokens.as_slice().first() == Some(&Token::Word("->".to_owned())) {
            return self.arrow()?.list(Self::ty);
        }
        Ok(Vec::new())
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        self.mark('(')?;
        while !self.is_mark(')') {
            if !items.is_empty() {
                self.mark(',')?;
            }
            items.push(item(self)?);
        }
        self.mark(')')?;
        Ok(items)
    }

    fn field(&mut self) -> Parsed<Field> {
        Ok(Field {
            name: self.named()?,
            ty: self.ty()?,
        })
    }

    fn ty(&mut self) -> Parsed<Type> {
        let word = self.word("a type")?;
        Ok(match word.as_str() {
            "u64" => Type::U64,
            "i64" => Type::I64,
            "u128" => Type::U128,
            "fix" => Type::Fix,
            "bool" => Type::Bool,
            "address" => Type::Address,
            "hash" => Type::Hash,
            _ => {
                let bound = word
                    .strip_prefix("bytes[")
                    .and_then(|rest| rest.strip_suffix(']'));
                match bound.and_then(|bound| bound.parse().ok()) {
                    Some(bound) => Type::Bytes(bound),
                    None => return self.fail("a type", &word),
                }
            }
        })
    }

    fn constant(&mut self) -> Parsed<Value> {
        let kind = self.word("a constant's type")?;
        Ok(match kind.as_str() {
            "u64" => Value::U64(self.number()?),
            "i64" => Value::I64(self.parsed("a number")?),
            "bool" => Value::Bool(self.parsed("false or true")?),
            "u128" => Value::U128(self.parsed("a number")?),
            "fix" => Value::Fix(self.parsed("a number")?),
            "address" => {
                let word = self.word("an address")?;
                let address = word
                    .strip_prefix('@')
                    .and_then(|text| text.parse::<Address>().ok());
                Value::Address(address.map_or_else(|| self.fail("an address", &word), Ok)?)
            }
            "hash" => {
                let word = self.word("a hash")?;
                let mut digest = [0; 32];
                let digits = word.strip_prefix('#').unwrap_or("");
                if hex::decode_to_slice(digits, &mut digest).is_err() {
                    return self.fail("a hash", &word);
                }
                Value::Hash(digest)
            }
            "bytes" => {
                let text = self.text()?;
                Value::Bytes(hex::decode(&text).or_else(|_| self.fail("hexadecimal bytes", &text))?)
            }
            got => return self.fail("a constant's type", got),
        })
    }
}
