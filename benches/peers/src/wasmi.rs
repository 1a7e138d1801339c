//! wasmi with fuel: a new store and a new instance for every call, the compiled module kept.

use std::collections::BTreeMap;

use eyre::Result;
use wasmi::{Caller, Config, Engine, Linker, Module, Store};

use crate::{Ready, programs::Case};

const KEY: [u8; 32] = [7; 32];

/// The state below a call, and what the call changes.
#[derive(Default)]
struct World {
    state: BTreeMap<[u8; 32], Vec<u8>>,
    changes: BTreeMap<[u8; 32], Vec<u8>>,
}

impl World {
    fn load(&self) -> u64 {
        let stored = self.changes.get(&KEY).or_else(|| self.state.get(&KEY));
        let bytes = stored.and_then(|value| value.as_slice().try_into().ok());
        bytes.map_or(0, u64::from_le_bytes)
    }

    fn store(&mut self, value: u64) {
        self.changes.insert(KEY, value.to_le_bytes().to_vec());
    }
}

pub fn ready(case: &Case) -> Result<Option<Ready>> {
    let Some(text) = case.wat() else { return Ok(None) };
    let mut config = Config::default();
    config.consume_fuel(true).wasm_wide_arithmetic(true);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, text.as_bytes())?;
    let mut linker: Linker<World> = Linker::new(&engine);
    linker.func_wrap("host", "load", |caller: Caller<World>| caller.data().load())?;
    linker.func_wrap("host", "store", |mut caller: Caller<World>, value: u64| {
        caller.data_mut().store(value)
    })?;
    let args = [case.turns]
        .iter()
        .chain(case.args)
        .copied()
        .collect::<Vec<u64>>();
    Ok(Some(Box::new(move || {
        let mut store = Store::new(&engine, World::default());
        store.set_fuel(1 << 60)?;
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let (low, high) = match args[..] {
            [n] => instance
                .get_typed_func::<u64, (u64, u64)>(&store, "run")?
                .call(&mut store, n)?,
            [n, a, b] => instance
                .get_typed_func::<(u64, u64, u64), (u64, u64)>(&store, "run")?
                .call(&mut store, (n, a, b))?,
            _ => eyre::bail!("{} arguments, expected 1 or 3", args.len()),
        };
        let World { mut state, changes } = store.into_data();
        state.extend(changes);
        Ok(u128::from(low) | (u128::from(high) << 64))
    })))
}
