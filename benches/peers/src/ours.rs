//! CurveVM: a call of a machine that is kept, arguments decoded, effects applied.

use std::sync::Arc;

use curvevm::{Address, Call, Entrance, Gas, Machine, MemoryHost, Program, Value, encode_values};
use eyre::{ContextCompat, Result, bail};

use crate::{Ready, programs::Case};

const PROGRAM: Address = Address::new([0xc0; 32]);
const CALLER: Address = Address::new([0xa1; 32]);

pub fn ready(case: &Case) -> Result<Option<Ready>> {
    let text = case.casm().wrap_err("a program without its text")?;
    let program = Arc::new(Program::assemble(&text)?.verify()?);
    let mut host = MemoryHost::default();
    host.programs.insert(PROGRAM, program);
    let mut machine = Machine::new();
    let args: Vec<Value> = [case.turns]
        .iter()
        .chain(case.args)
        .map(|n| Value::U64(*n))
        .collect();
    let (args, empty) = (encode_values(&args), host.clone());
    let counts = case.program == "counter";
    Ok(Some(Box::new(move || {
        if counts {
            host.storage.clone_from(&empty.storage);
        }
        let call = Call {
            program: PROGRAM,
            entrance: Entrance::Entry("run"),
            caller: CALLER,
            payment: 0,
            args: &args,
            gas: Gas(1 << 60),
        };
        let success = machine.call(&host, &call)?.result?;
        host.apply(&success.effects);
        match success.results[..] {
            [Value::U64(n)] => Ok(n.into()),
            [Value::Fix(n)] => Ok(n),
            _ => bail!("results {:?}, expected a number", success.results),
        }
    })))
}
