//! Programs in assembly, and transactions about them.

use assetvm::*;
use curvevm::{Value, encode_values};

use super::{BLOCK, address, body, genesis, signed, units};

/// Gas that is enough for everything but endless loops.
pub const PLENTY: Gas = Gas(20_000_000);

/// A till: takes payments, pays them out, keeps who paid what, and finds that it owns what it says.
pub const TILL: &str = r#"
program till
file "till.curve"
error TooMuch "more than there is"
event Paid(by: address, n: u64)
cell held: (amount: u64)
map paid: (address) -> (total: u64)
init payable open(limit: u64) {
  regs u64, bool
  payment r1
  le.u64 r2, r1, r0
  require r2, TooMuch
  store held, r1
  ret r0
}
entry payable pay_in() -> (u64) {
  regs u64, u64, address, u64
  load held, r0
  payment r1
  add.u64 r0, r0, r1
  store held, r0
  caller r2
  mov.64 r3, r1
  emit Paid, r2
  map.get paid, r2, r3
  add.u64 r3, r3, r1
  map.set paid, r2, r3
  ret r0
}
entry pay_out(to: address, n: u64) {
  regs u64, bool
  load held, r2
  le.u64 r3, r1, r2
at 0 12 5
  require r3, TooMuch
  sub.u64 r2, r2, r1
  store held, r2
  transfer r0, r1
  ret r0
}
entry steal(to: address, n: u64) {
  transfer r0, r1
  ret r0
}
entry forget(who: address) {
  map.remove paid, r0
  ret r0
}
entry spin() {
again:
  jump again
}
entry chatter(n: u64) {
  regs u64, bool, address, u64
again:
  caller r3
  emit Paid, r3
  add.imm r1, r1, 1
  jump.lt r1, r0, again
  ret r0
}
view total() -> (u64) {
  regs u64
  load held, r0
  ret r0
}
invariant honest() -> (bool) {
  regs address, u64, u64, bool
  self r0
  balance r1, r0
  load held, r2
  eq.64 r3, r1, r2
  ret r3
}"#;

/// Passes a call on to the program that it was made with, and so on, with half of the payment.
pub const RELAY: &str = "
program relay
interface entry go() -> ()
cell next: (to: address)
init open(to: address) {
  store next, r0
  ret r0
}
entry payable go() {
  regs address, u64, u64, address, bool
  load next, r0
  eq.256 r4, r0, r3
  jump.if r4, done
  payment r1
  const.u64 r2, 2
  div.u64 r1, r1, r2
  call.program r0, i0, r1, r0, r0
done:
  ret r0
}";

/// The encoding of a program in assembly.
pub fn code(assembly: &str) -> Vec<u8> {
    let program = curvevm::Program::assemble(assembly).unwrap_or_else(|error| panic!("{error}"));
    program.encode()
}

/// A deployment with this constructor's arguments.
pub fn deploy(assembly: &str, upgradeable: bool, args: &[Value], payment: u64) -> Action {
    Action::Deploy {
        code: code(assembly),
        upgradeable,
        args: encode_values(args),
        payment: units(payment),
        gas: PLENTY,
    }
}

/// A call.
pub fn call(program: Address, entry: &str, args: &[Value], payment: u64) -> Action {
    Action::Call {
        program,
        entry: entry.to_owned(),
        args: encode_values(args),
        payment: units(payment),
        gas: PLENTY,
    }
}

/// Executes actions one by one, each a block of its own, with the least fee.
pub struct Chain {
    pub state: State,
}

impl Chain {
    pub fn new() -> Self {
        Self {
            state: genesis().state().unwrap(),
        }
    }

    pub fn nonce(&self, who: u8) -> u64 {
        self.state.get(&address(who)).unwrap_or_default().nonce.get()
    }

    pub fn balance(&self, of: &Address) -> u64 {
        self.state.get(of).unwrap_or_default().balance.base_units()
    }

    pub fn prepare(&self, who: u8, action: Action) -> TransactionBody {
        let fee = self.state.params().minimum_fee(&address(who), &action);
        TransactionBody {
            fee,
            ..body(who, self.nonce(who), action)
        }
    }

    pub fn run(&mut self, who: u8, action: Action) -> Receipt {
        let transaction = signed(who, self.prepare(who, action));
        let outcome = execute_block(&self.state, BLOCK, &[transaction]).unwrap();
        self.state = outcome.state;
        outcome.receipts[0].clone()
    }

    /// Runs what must succeed.
    pub fn apply(&mut self, who: u8, action: Action) -> Output {
        match self.run(who, action).outcome {
            Outcome::Applied(output) => output,
            Outcome::Failed(failure) => panic!("{failure}"),
        }
    }

    /// Deploys what must deploy.
    pub fn deploy(&mut self, who: u8, action: Action) -> Address {
        let at = program_address(&address(who), Nonce::new(self.nonce(who)));
        self.apply(who, action);
        at
    }

    /// Runs what must fail, and checks that it does nothing but cost the fee and the nonce.
    pub fn fail(&mut self, who: u8, action: Action) -> Failure {
        let before = self.state.clone();
        let fee = before.params().minimum_fee(&address(who), &action);
        let failure = match self.run(who, action).outcome {
            Outcome::Applied(output) => panic!("applied: {output:?}"),
            Outcome::Failed(failure) => failure,
        };
        let mut charged = before.get(&address(who)).unwrap();
        charged.balance = charged.balance.checked_sub(fee).unwrap();
        charged.nonce = charged.nonce.next().unwrap();
        let mut metadata = *before.metadata();
        metadata.fees_collected = metadata.fees_collected.checked_add(fee).unwrap();
        let expected = before.apply(&Changes {
            accounts: vec![(address(who), Some(charged))],
            metadata,
            ..Changes::default()
        });
        assert_eq!(self.state.root(), expected.root(), "{failure}");
        failure
    }
}
