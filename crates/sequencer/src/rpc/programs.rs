//! Answers about programs, and by them.

use assetvm::{Address, BlockContext, EntryId, Failure, Program, TransactionBody, View};
use borsh::BorshDeserialize;

use super::{
    MAX_ASK_GAS, MAX_ENTRIES, RpcContext, RpcError,
    text::{Hex32, HexBytes},
    types::{Answer, EntryView, FunctionView, ProgramView, ReceiptView, Simulation, StoredEntry, ValueView},
};
use crate::application::Branch;

fn find<'a>(head: &'a Branch, address: &Address) -> Result<&'a Program, RpcError> {
    let found = head.state.program(address);
    found.ok_or(RpcError::Failed(Failure::NoSuchProgram { program: *address }))
}

/// `asset_program`.
pub fn program(context: &RpcContext, address: &Address) -> Result<ProgramView, RpcError> {
    let head = context.heads.newest();
    let program = find(&head, address)?;
    let record = program.record();
    let code = program.code.program();
    Ok(ProgramView {
        address: *address,
        name: code.name.clone(),
        code_hash: Hex32(record.code_hash.0),
        authority: record.authority.map(Into::into),
        entries: record.entries,
        balance: head.state.get(address).unwrap_or_default().balance,
        functions: code.functions.iter().filter_map(FunctionView::of).collect(),
        events: code.events.iter().map(Into::into).collect(),
        errors: code.errors.iter().map(Into::into).collect(),
        height: head.header.height,
        state_root: Hex32(head.header.state_root),
        proof: HexBytes(head.state.prove_program(address).encode()),
    })
}

/// `asset_code`.
pub fn code(context: &RpcContext, address: &Address) -> Result<HexBytes, RpcError> {
    let head = context.heads.newest();
    Ok(HexBytes(find(&head, address)?.code.program().encode()))
}

/// `asset_entry`.
pub fn entry(context: &RpcContext, program: &Address, key: &Hex32) -> EntryView {
    let head = context.heads.newest();
    let id = EntryId {
        program: *program,
        key: key.0,
    };
    EntryView {
        program: *program,
        key: *key,
        value: head.state.entry(&id).map(|value| HexBytes(value.to_vec())),
        height: head.header.height,
        state_root: Hex32(head.header.state_root),
        proof: HexBytes(head.state.prove_entry(&id).encode()),
    }
}

/// `asset_entries`.
pub fn entries(
    context: &RpcContext,
    program: &Address,
    after: Option<Hex32>,
) -> Result<Vec<StoredEntry>, RpcError> {
    let after = after.map(|key| key.0);
    let stored = context.store.entries(program, after.as_ref(), MAX_ENTRIES)?;
    let entries = stored.into_iter().map(|(id, value)| StoredEntry {
        key: Hex32(id.key),
        value: HexBytes(value),
    });
    Ok(entries.collect())
}

/// `asset_view`.
pub fn view(context: &RpcContext, program: &Address, name: &str, args: &[u8]) -> Result<Answer, RpcError> {
    let head = context.heads.newest();
    let view = View {
        program: *program,
        name,
        args,
        gas: MAX_ASK_GAS,
    };
    let (gas, answer) = head.state.view((&head.header).into(), &view);
    let values = answer?;
    Ok(Answer {
        values: values.iter().map(ValueView::from).collect(),
        encoded: HexBytes(curvevm::encode_values(&values)),
        gas_used: gas.0,
        height: head.header.height,
        state_root: Hex32(head.header.state_root),
    })
}

/// `asset_simulate`.
pub fn simulate(context: &RpcContext, encoded: &[u8]) -> Result<Simulation, RpcError> {
    let body = TransactionBody::try_from_slice(encoded).map_err(|_| RpcError::MalformedBody)?;
    let got = body.action.gas();
    if got > MAX_ASK_GAS {
        return Err(RpcError::AskGas { got });
    }
    let head = context.heads.newest();
    let block = BlockContext {
        height: head.header.height.saturating_add(1),
        time_ms: head.header.timestamp_ms.saturating_add(1),
    };
    let receipt = head.state.simulate(block, &body)?;
    Ok(Simulation {
        minimum_fee: head.state.params().minimum_fee(&body.sender, &body.action),
        receipt: ReceiptView::of(&receipt, &head.state),
    })
}
