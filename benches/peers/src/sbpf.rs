//! Solana's sBPF interpreter: a new machine for every call, the verified program kept.

use std::{ptr::NonNull, sync::Arc};

use eyre::{Report, Result, eyre};
use solana_sbpf::{
    assembler::assemble,
    error::{EbpfError, ProgramResult},
    memory_region::MemoryMapping,
    program::{BuiltinProgram, SBPFVersion},
    verifier::RequisiteVerifier,
    vm::{CallFrame, Config, ContextObject, EbpfVm, ExecutionMode},
};

use crate::{Ready, programs::Case};

/// A meter, and a memory of nothing: the programs stay in the registers.
struct Context {
    remaining: u64,
    memory: MemoryMapping,
}

impl ContextObject for Context {
    fn consume(&mut self, amount: u64) {
        self.remaining = self.remaining.saturating_sub(amount);
    }

    fn get_remaining(&self) -> u64 {
        self.remaining
    }

    fn active_mapping_ptr(&mut self) -> NonNull<MemoryMapping> {
        NonNull::from_mut(&mut self.memory)
    }
}

pub fn ready(case: &Case) -> Result<Option<Ready>> {
    let Some(text) = case.sbpf() else { return Ok(None) };
    let config = Config {
        enabled_sbpf_versions: SBPFVersion::V0..=SBPFVersion::V0,
        ..Config::default()
    };
    let depth = config.max_call_depth;
    let executable = assemble::<Context>(&text, Arc::new(BuiltinProgram::new_loader(config.clone())))
        .map_err(|error| eyre!(error))?;
    executable.verify::<RequisiteVerifier>().map_err(told)?;
    let mut frames = vec![CallFrame::default(); depth];
    Ok(Some(Box::new(move || {
        // SAFETY: there are no regions whose memory would have to live.
        let memory = unsafe { MemoryMapping::new(Vec::new(), &config, SBPFVersion::V0) }.map_err(told)?;
        let mut context = Context {
            remaining: 1 << 60,
            memory,
        };
        let mut vm = EbpfVm::new(executable.get_loader().clone(), SBPFVersion::V0, &mut context, 0);
        let (_, result) = vm.execute_program(&executable, &mut ExecutionMode::Interpreted, &mut frames);
        match result {
            ProgramResult::Ok(n) => Ok(n.into()),
            ProgramResult::Err(error) => Err(told(error)),
        }
    })))
}

/// Its errors cannot be sent to other threads, which reports want.
fn told(error: EbpfError) -> Report {
    eyre!("{error}")
}
