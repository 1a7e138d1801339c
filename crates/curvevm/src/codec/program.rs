//! Programs.

use super::{DecodeError, Malformed, Reader, Writer};
use crate::{
    ErrorKind, EventKind, Field, Function, Instr, Interface, Kind, MAX_OPERANDS, Mark, Program, Slot, TABLE,
    Type, Value,
    limits::{
        MAX_CODE, MAX_CONSTANTS, MAX_ERRORS, MAX_EVENT_KINDS, MAX_FIELDS, MAX_FILES, MAX_FUNCTIONS,
        MAX_INTERFACES, MAX_KEYS, MAX_NAME_BYTES, MAX_PROGRAM_BYTES, MAX_SLOTS, MAX_TEXT_BYTES, MAX_WORDS,
    },
};

/// The first bytes of a program.
const MAGIC: &[u8; 4] = b"CURV";
/// The version of the format.
pub(super) const VERSION: u8 = 1;

impl Program {
    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.bytes.extend(MAGIC);
        w.byte(VERSION);
        w.text(&self.name);
        w.list(&self.constants, Writer::constant);
        w.list(&self.slots, Writer::slot);
        w.list(&self.events, Writer::event);
        w.list(&self.errors, Writer::error_kind);
        w.list(&self.interfaces, Writer::interface);
        w.list(&self.functions, Writer::function);
        w.list(&self.files, |w, file| w.text(file));
        w.bytes
    }

    /// The program with this encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if bytes.len() > MAX_PROGRAM_BYTES {
            let got = bytes.len() as u64;
            let (what, max) = ("bytes of a program", MAX_PROGRAM_BYTES);
            return r.error(Malformed::TooMany { what, got, max });
        }
        if r.array()? != *MAGIC || r.byte()? != VERSION {
            return r.error(Malformed::Magic);
        }
        let program = Self {
            name: r.name()?,
            constants: r.list("constants", MAX_CONSTANTS, Reader::constant)?,
            slots: r.list("slots", MAX_SLOTS, Reader::slot)?,
            events: r.list("events", MAX_EVENT_KINDS, Reader::event)?,
            errors: r.list("errors", MAX_ERRORS, Reader::error_kind)?,
            interfaces: r.list("interfaces", MAX_INTERFACES, Reader::interface)?,
            functions: r.list("functions", MAX_FUNCTIONS, Reader::function)?,
            files: r.list("files", MAX_FILES, |r| {
                r.text("bytes of a file's name", MAX_TEXT_BYTES)
            })?,
        };
        r.end()?;
        Ok(program)
    }
}

impl Writer {
    fn constant(&mut self, value: &Value) {
        self.ty(value.ty());
        self.value(value);
    }

    fn types(&mut self, types: &[Type]) {
        self.list(types, |w, ty| w.ty(*ty));
    }

    fn fields(&mut self, fields: &[Field]) {
        self.list(fields, |w, field| {
            w.text(&field.name);
            w.ty(field.ty);
        });
    }

    fn slot(&mut self, slot: &Slot) {
        self.text(&slot.name);
        self.types(&slot.keys);
        self.fields(&slot.values);
    }

    fn event(&mut self, event: &EventKind) {
        self.text(&event.name);
        self.fields(&event.fields);
    }

    fn error_kind(&mut self, error: &ErrorKind) {
        self.text(&error.name);
        self.text(&error.message);
    }

    fn interface(&mut self, interface: &Interface) {
        self.text(&interface.name);
        self.byte(interface.view.into());
        self.types(&interface.params);
        self.types(&interface.results);
    }

    fn function(&mut self, function: &Function) {
        self.text(&function.name);
        self.byte(kind_code(function.kind));
        self.fields(&function.params);
        self.types(&function.results);
        self.types(&function.registers);
        self.list(&function.code, Self::instr);
        let mut last = 0;
        self.list(&function.marks, |w, mark| {
            // Marks that fall are no program, but they have an encoding: the difference wraps, and so does its sum.
            w.number(mark.pc.wrapping_sub(last).into());
            w.number(mark.file.into());
            w.number(mark.line.into());
            w.number(mark.column.into());
            last = mark.pc;
        });
    }

    fn instr(&mut self, instr: &Instr) {
        self.byte(instr.op as u8);
        for operand in instr.operands() {
            self.number(*operand);
        }
    }
}

impl Reader<'_> {
    fn name(&mut self) -> Result<String, DecodeError> {
        self.text("bytes of a name", MAX_NAME_BYTES)
    }

    fn constant(&mut self) -> Result<Value, DecodeError> {
        let ty = self.ty()?;
        let value = self.value(ty)?;
        // A byte string's bound is its length: one value, one encoding.
        match (value.ty() == ty, ty) {
            (false, Type::Bytes(got)) => self.error(Malformed::TooMany {
                what: "bytes of a constant's bound",
                got: got.into(),
                max: usize::try_from(value.ty().max_bytes())
                    .unwrap_or(0)
                    .saturating_sub(2),
            }),
            _ => Ok(value),
        }
    }

    fn fields(&mut self) -> Result<Vec<Field>, DecodeError> {
        self.list("fields", MAX_FIELDS, |r| {
            Ok(Field {
                name: r.name()?,
                ty: r.ty()?,
            })
        })
    }

    fn slot(&mut self) -> Result<Slot, DecodeError> {
        Ok(Slot {
            name: self.name()?,
            keys: self.list("keys", MAX_KEYS, Self::ty)?,
            values: self.fields()?,
        })
    }

    fn event(&mut self) -> Result<EventKind, DecodeError> {
        Ok(EventKind {
            name: self.name()?,
            fields: self.fields()?,
        })
    }

    fn error_kind(&mut self) -> Result<ErrorKind, DecodeError> {
        Ok(ErrorKind {
            name: self.name()?,
            message: self.text("bytes of a message", MAX_TEXT_BYTES)?,
        })
    }

    fn interface(&mut self) -> Result<Interface, DecodeError> {
        Ok(Interface {
            name: self.name()?,
            view: self.bool()?,
            params: self.list("parameters", MAX_FIELDS, Self::ty)?,
            results: self.list("results", MAX_FIELDS, Self::ty)?,
        })
    }

    fn function(&mut self) -> Result<Function, DecodeError> {
        Ok(Function {
            name: self.name()?,
            kind: self.kind()?,
            params: self.fields()?,
            results: self.list("results", MAX_FIELDS, Self::ty)?,
            registers: self.list("registers", MAX_WORDS, Self::ty)?,
            code: self.list("instructions", MAX_CODE, Self::instr)?,
            marks: self.marks()?,
        })
    }

    fn kind(&mut self) -> Result<Kind, DecodeError> {
        Ok(match self.byte()? {
            0 => Kind::Internal,
            1 => Kind::Init { payable: false },
            2 => Kind::Init { payable: true },
            3 => Kind::Entry { payable: false },
            4 => Kind::Entry { payable: true },
            5 => Kind::View,
            6 => Kind::Invariant,
            got => {
                return self.error(Malformed::Unknown {
                    what: "kind of function",
                    got,
                });
            }
        })
    }

    fn instr(&mut self) -> Result<Instr, DecodeError> {
        let got = self.byte()?;
        let Some(spec) = TABLE.get(usize::from(got)) else {
            return self.error(Malformed::Unknown {
                what: "instruction",
                got,
            });
        };
        let mut args = [0; MAX_OPERANDS];
        for (arg, _) in args.iter_mut().zip(spec.operands) {
            *arg = self.number()?;
        }
        Ok(Instr {
            op: spec.opcode,
            args,
        })
    }

    fn marks(&mut self) -> Result<Vec<Mark>, DecodeError> {
        let mut last = 0u16;
        self.list("marks", MAX_CODE, |r| {
            last = last.wrapping_add(r.u16("instructions between marks")?);
            Ok(Mark {
                pc: last,
                file: r.u16("files")?,
                line: r.u32("lines")?,
                column: r.u32("columns")?,
            })
        })
    }
}

fn kind_code(kind: Kind) -> u8 {
    match kind {
        Kind::Internal => 0,
        Kind::Init { payable: false } => 1,
        Kind::Init { payable: true } => 2,
        Kind::Entry { payable: false } => 3,
        Kind::Entry { payable: true } => 4,
        Kind::View => 5,
        Kind::Invariant => 6,
    }
}
