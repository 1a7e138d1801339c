//! tinywasm with fuel: a new store and a new instance for every call, the parsed module kept.

use eyre::{Result, bail};
use tinywasm::{ExecProgress, ModuleInstance, Store, types::WasmValue};

use crate::{Ready, programs::Case};

pub fn ready(case: &Case) -> Result<Option<Ready>> {
    let Some(text) = case.wat().filter(|_| case.program != "counter") else {
        return Ok(None);
    };
    let module = tinywasm::parse_bytes(&wat::parse_str(&text)?)?;
    let args: Vec<WasmValue> = [case.turns]
        .iter()
        .chain(case.args)
        .map(|n| WasmValue::I64(*n as i64))
        .collect();
    Ok(Some(Box::new(move || {
        let mut store = Store::default();
        let instance = ModuleInstance::instantiate(&mut store, &module, None)?;
        let function = instance.func_untyped(&store, "run")?;
        let mut execution = function.call_resumable(&mut store, &args)?;
        match execution.resume_with_fuel(u32::MAX)? {
            ExecProgress::Completed(results) => match results[..] {
                [WasmValue::I64(low), WasmValue::I64(high)] => {
                    Ok(u128::from(low as u64) | (u128::from(high as u64) << 64))
                }
                _ => bail!("results {results:?}, expected two numbers"),
            },
            ExecProgress::Suspended => bail!("out of fuel"),
        }
    })))
}
