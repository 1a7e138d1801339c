//! Programs of CurveVM: whatever the bytes, they are refused, or they are the one encoding of a program; and what the verifier
//! accepts of them runs to a result or a trap.

use std::sync::{Arc, LazyLock};

use curvevm::{
    Address, Call, Entrance, Gas, Kind, Machine, MemoryHost, Program, Value, Verified, encode_values,
};

use crate::{entropy::Entropy, memory::measured, wire::spoil};

/// One of everything.
static WRITTEN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = include_str!("../../crates/curvevm/tests/programs/everything.casm");
    Program::assemble(text).expect("it is assembly").encode()
});

/// What the decoder may take for a byte: an instruction of one has forty-eight, in a list that grows by doubling.
const FOR_A_BYTE: usize = 256;
/// What it may take beyond that.
const ROOM: usize = 4096;
const GAS: Gas = Gas(100_000);
const PROGRAM: Address = Address::new([0xc0; 32]);
const CALLER: Address = Address::new([0xa1; 32]);

pub fn program(input: &[u8]) {
    read(input);
    let mut entropy = Entropy::new(input);
    let mut bytes = WRITTEN.clone();
    for _ in 0..=entropy.below(4) {
        spoil::once(&mut bytes, &mut entropy);
        read(&bytes);
    }
}

fn read(bytes: &[u8]) {
    let (program, allocated) = measured(|| Program::decode(bytes));
    let most = FOR_A_BYTE * bytes.len() + ROOM;
    assert!(
        allocated <= most,
        "{allocated} bytes for {}, at most {most}",
        bytes.len()
    );
    let Ok(program) = program else { return };
    assert_eq!(program.encode(), bytes, "two encodings of one program");
    if let Ok(verified) = program.verify() {
        run(verified);
    }
}

/// Calls all that the program exports, with zeros.
fn run(verified: Verified) {
    let verified = Arc::new(verified);
    let mut host = MemoryHost::default();
    host.programs.insert(PROGRAM, verified.clone());
    let mut machine = Machine::new();
    for (index, function) in (0..).zip(&verified.program().functions) {
        let entrance = match function.kind {
            Kind::Init { .. } => Entrance::Init,
            Kind::Entry { .. } => Entrance::Entry(&function.name),
            Kind::View => Entrance::View(&function.name),
            Kind::Internal | Kind::Invariant => continue,
        };
        let args: Vec<Value> = function.params.iter().map(|field| field.ty.zero()).collect();
        let call = Call {
            program: PROGRAM,
            entrance,
            caller: CALLER,
            payment: 0,
            args: &encode_values(&args),
            gas: GAS,
        };
        let outcome = machine.call(&host, &call).expect("a call of its own types");
        let most = verified.worst_gas(index).unwrap_or(GAS).min(GAS);
        assert!(
            outcome.gas_used <= most,
            "{:?}, at most {most:?}",
            outcome.gas_used
        );
    }
}
