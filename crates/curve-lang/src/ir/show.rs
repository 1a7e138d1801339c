//! The program between, as text for people.

use std::fmt::{self, Display, Formatter};

use curvevm::Operand;

use super::{Block, BlockId, Edge, End, Function, Inst, Module, Val};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {}", self.shell.name)?;
        self.functions
            .iter()
            .try_for_each(|function| write!(f, "\n{function}"))
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {{", self.shell.name)?;
        for id in self.order() {
            let block = &self.blocks[id.index()];
            let params: Vec<String> = block
                .params
                .iter()
                .map(|value| format!("{value}: {}", self.ty(*value)))
                .collect();
            writeln!(f, "{id}({}):", params.join(", "))?;
            write!(f, "{block}")?;
        }
        writeln!(f, "}}")
    }
}

impl Display for Block {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for inst in &self.insts {
            writeln!(f, "  {inst}")?;
        }
        writeln!(f, "  {}", self.end)
    }
}

impl Display for Inst {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.outs.is_empty() {
            write!(f, "{} = ", list(&self.outs))?;
        }
        let spec = self.op.spec();
        f.write_str(spec.mnemonic)?;
        if !self.ins.is_empty() {
            write!(f, " {}", list(&self.ins))?;
        }
        if spec.operands.iter().any(|(_, kind)| !is_register(*kind)) {
            write!(f, " #{}", self.imm)?;
        }
        Ok(())
    }
}

impl Display for End {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jump(edge) => write!(f, "jump {edge}"),
            Self::Branch(value, yes, no) => write!(f, "if {value} {yes} else {no}"),
            Self::Ret(values) => write!(f, "ret {}", list(values)),
            Self::Revert(error) => write!(f, "revert #{error}"),
            Self::Unreachable => f.write_str("unreachable"),
        }
    }
}

impl Display for Edge {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.to, list(&self.args))
    }
}

impl Display for Val {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Display for BlockId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.0)
    }
}

const fn is_register(kind: Operand) -> bool {
    matches!(
        kind,
        Operand::In(_) | Operand::Out(_) | Operand::InRun(_) | Operand::OutRun(_)
    )
}

fn list(values: &[Val]) -> String {
    let names: Vec<String> = values.iter().map(Val::to_string).collect();
    names.join(", ")
}
