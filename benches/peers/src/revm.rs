//! revm's interpreter: a new one for every call, the analysed code kept. No account, journal or transaction around it.

use std::collections::BTreeMap;

use eyre::{Result, ensure, eyre};
use revm_bytecode::{Bytecode, OpCode, opcode};
use revm_context_interface::host::DummyHost;
use revm_interpreter::{
    InputsImpl, Interpreter, SharedMemory, gas_table, instruction_table, interpreter::EthInterpreter,
    interpreter::ExtBytecode, primitives::hardfork::SpecId,
};

use crate::{Ready, programs::Case};

pub fn ready(case: &Case) -> Result<Option<Ready>> {
    let Some(text) = case.evm() else { return Ok(None) };
    let code = Bytecode::new_legacy(assemble(&text)?.into());
    let (instructions, gas) = (instruction_table::<EthInterpreter, DummyHost>(), gas_table());
    let mut host = DummyHost::new(SpecId::default());
    // The EVM's words have 256 bits; the others' results are their low ones.
    let narrow = matches!(case.program, "mix");
    Ok(Some(Box::new(move || {
        let mut interpreter = Interpreter::new(
            SharedMemory::new(),
            ExtBytecode::new(code.clone()),
            InputsImpl::default(),
            false,
            SpecId::default(),
            1 << 60,
        );
        let action = interpreter.run_plain(&instructions, &gas, &mut host);
        ensure!(
            action.instruction_result().is_some_and(|result| result.is_ok()),
            "{action:?}"
        );
        let top = interpreter.stack.pop().map_err(|error| eyre!("{error:?}"))?;
        let [low, high, ..] = top.as_limbs();
        let high = if narrow { 0 } else { *high };
        Ok(u128::from(*low) | (u128::from(high) << 64))
    })))
}

/// Names of instructions, numbers to push, `label:` and `label` to push its place.
fn assemble(text: &str) -> Result<Vec<u8>> {
    let mut code = Vec::new();
    let mut labels = BTreeMap::new();
    for word in text.split_whitespace() {
        if let Some(label) = word.strip_suffix(':') {
            labels.insert(label, u8::try_from(code.len())?);
            code.push(opcode::JUMPDEST);
        } else if let Some(at) = labels.get(word) {
            code.extend([opcode::PUSH1, *at]);
        } else if let Ok(number) = word.parse::<u128>() {
            let bytes = number.to_be_bytes();
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(15);
            code.push(opcode::PUSH1 + (15 - zeros) as u8);
            code.extend(&bytes[zeros..]);
        } else {
            let op = OpCode::parse(&word.to_uppercase()).ok_or_else(|| eyre!("no instruction {word}"))?;
            code.push(op.get());
        }
    }
    Ok(code)
}
