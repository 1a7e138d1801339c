//! Calls between programs: what arrives, what comes back, and every way in which they fail, by the reference and on CurveVM.

use std::sync::Arc;

use curve_lang::{
    Artifact, Options, compile,
    hir::{ErrorId, FnId, Program},
    machine::MachineLedger,
    reference::{Chain, Failure, Outcome, World, account},
    testing::{Neighbour, TestOptions, own_address, run_machine_tests_beside, run_reference_tests_beside},
    value::Value,
};
use curvevm::Address;

/// Keeps deposits for others, and pays interest on nothing.
const BANK: &str = "program bank;

struct Slip { who: Address, part: Count }

error Closed;

state { held: map Address => Vault, calls: Count, sum: Asset }

entry put(slip: Slip) payable -> Asset {
    require slip.part != 13 else Closed;
    state.calls += 1;
    state.sum += payment;
    move payment to state.held[slip.who];
    state.held[slip.who]
}

entry take(amount: Asset) -> Count {
    state.sum -= amount;
    move amount from state.held[caller] to caller;
    state.calls
}

entry bounce(back: Address) -> Count { Customer(back).poke() }

entry sulk() { state.sum += 1 nASSET; }

interface Customer { entry poke() -> Count; }

view of(who: Address) -> Asset { state.held[who] }

invariant counted: state.sum <= 1_000 nASSET && state.sum != 1 nASSET;
";

const CUSTOMER: &str = "program customer;

interface Bank {
    /// Adds the payment to somebody's deposit.
    entry put(who: Address, part: Count) payable -> Asset;
    entry take(amount: Asset) -> Count;
    entry bounce(back: Address) -> Count;
    entry sulk();
    entry missing() -> Count;
    entry of(who: Address) -> Asset;
}

interface Ledger {
    view of(who: Address) -> Asset;
}

state { bank: Address, purse: Vault, spare: map (Address, Count) => Vault, n: Count }

init(bank: Address) payable { state.bank = bank; move payment to state.purse; }

entry save(amount: Asset, part: Count) -> Asset {
    state.n = 5;
    let held = Bank(state.bank).put(self, part) paying amount from state.purse;
    state.n += 1;
    require Ledger(state.bank).of(self) == held else Odd;
    held
}

error Odd;

entry fetch(amount: Asset) -> Count {
    Bank(state.bank).take(amount) into state.spare[caller, 7]
}

entry forget(amount: Asset) -> Count { Bank(state.bank).take(amount) }

entry pass(part: Count) payable -> Asset {
    let kept = Bank(state.bank).put(caller, part) paying payment from payment;
    kept
}

entry round() -> Count { Bank(state.bank).bounce(self) }
entry itself() -> Count { Bank(self).bounce(self) }
entry poke() -> Count { state.n }
entry sulk() { Bank(state.bank).sulk(); }
entry nobody() -> Count { Bank(caller).missing() }
entry missing() -> Count { Bank(state.bank).missing() }
entry not_a_view() -> Asset { Bank(state.bank).of(self) }

view saved(who: Address) -> Asset { Ledger(state.bank).of(who) }
";

fn compiled(source: &str, optimise: bool) -> Artifact {
    let options = Options {
        optimise,
        ..Options::default()
    };
    let artifact = compile(source, &options).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(
        artifact
            .warnings
            .iter()
            .all(|warning| warning.code.text() == "W0902"),
        "{}",
        artifact.warnings
    );
    artifact
}

fn bank() -> [u8; 32] {
    account(b"bank")
}

/// The same ledger three times: interpreted, compiled, and optimised.
struct Town<'a> {
    program: &'a Program,
    reference: Chain,
    machines: Vec<MachineLedger<'a>>,
}

impl<'a> Town<'a> {
    fn new(customers: &'a [Artifact], banks: &[Artifact]) -> Self {
        let program = &customers[0].hir;
        let mut reference = Chain::new(own_address(), 0, 0);
        reference.add(bank(), Arc::new(banks[0].hir.clone()));
        reference.balances.insert(account(b"alice"), 10_000);
        let machine = |(customer, bank_code): (&'a Artifact, &Artifact)| {
            let code = Arc::new(customer.program.clone().verify().unwrap());
            let mut machine = MachineLedger::new(program, code, own_address(), 0, 0);
            let theirs = Arc::new(bank_code.program.clone().verify().unwrap());
            machine.host.programs.insert(Address::new(bank()), theirs);
            machine
                .host
                .balances
                .insert(Address::new(account(b"alice")), 10_000);
            machine
        };
        Self {
            program,
            reference,
            machines: customers.iter().zip(banks).map(machine).collect(),
        }
    }

    fn id(&self, name: &str) -> FnId {
        self.program.find(|function| function.named.name == name).unwrap()
    }

    fn call(&mut self, name: &str, args: &[Value], payment: u64) -> Result<Value, Failure> {
        let (id, alice) = (self.id(name), account(b"alice"));
        let wanted = self
            .reference
            .transact(self.program, id, args.to_vec(), alice, payment, 100_000);
        for machine in &mut self.machines {
            assert_eq!(machine.call(id, args, alice, payment), wanted, "{name}");
            for who in [alice, bank(), own_address()] {
                assert_eq!(machine.balance(&who), self.reference.balance(&who), "{name}");
            }
        }
        wanted.map(|Outcome { value, .. }| value)
    }
}

fn number(n: u64) -> Value {
    Value::Number(n)
}

#[test]
fn programs_call_one_another() {
    let artifacts = |source| [compiled(source, false), compiled(source, true)];
    let (customers, banks) = (artifacts(CUSTOMER), artifacts(BANK));
    let mut town = Town::new(&customers, &banks);
    let saved = |town: &mut Town, who: [u8; 32]| town.call("saved", &[Value::Address(who)], 0);
    assert_eq!(
        town.call("init", &[Value::Address(bank())], 500),
        Ok(Value::Nothing)
    );
    assert_eq!(town.call("save", &[number(300), number(1)], 0), Ok(number(300)));
    assert_eq!(saved(&mut town, own_address()), Ok(number(300)));
    assert_eq!(
        town.call("save", &[number(201), number(1)], 0),
        Err(Failure::Error(ErrorId(0))),
        "more than the purse holds"
    );
    assert_eq!(town.call("fetch", &[number(120)], 0), Ok(number(1)));
    let key = Value::Tuple(vec![Value::Address(account(b"alice")), number(7)]);
    let spare = town
        .program
        .slots
        .iter()
        .position(|slot| slot.named.name == "spare");
    let spare = curve_lang::hir::SlotId(u16::try_from(spare.unwrap()).unwrap());
    assert_eq!(town.reference.read(spare, Some(&key)), Some(number(120)));
    assert!(
        town.machines
            .iter()
            .all(|machine| machine.read(spare, Some(&key)) == Some(number(120)))
    );
    assert_eq!(
        town.call("forget", &[number(1)], 0),
        Err(Failure::Error(Program::UNSPENT)),
        "what comes back is put nowhere"
    );
    assert_eq!(town.call("forget", &[number(0)], 0), Ok(number(1)));
    assert_eq!(town.call("pass", &[number(1)], 40), Ok(number(40)));
    assert_eq!(saved(&mut town, account(b"alice")), Ok(number(40)));
}

#[test]
fn calls_fail_as_a_whole() {
    let artifacts = |source| [compiled(source, false), compiled(source, true)];
    let (customers, banks) = (artifacts(CUSTOMER), artifacts(BANK));
    let mut town = Town::new(&customers, &banks);
    town.call("init", &[Value::Address(bank())], 5_000).unwrap();
    let none: &[Value] = &[];
    let cases: [(&str, &[Value], Failure); 9] = [
        ("save", &[number(100), number(13)], Failure::Called),
        ("save", &[number(1_001), number(1)], Failure::Called),
        ("fetch", &[number(1)], Failure::Overflow),
        ("sulk", none, Failure::Called),
        ("round", none, Failure::Reentrancy),
        ("itself", none, Failure::Reentrancy),
        ("nobody", none, Failure::NoProgram),
        ("missing", none, Failure::NoEntry),
        ("not_a_view", none, Failure::NoEntry),
    ];
    for (name, args, failure) in cases {
        assert_eq!(town.call(name, args, 0), Err(failure), "{name} {args:?}");
        assert_eq!(town.reference.balance(&own_address()), 5_000);
    }
}

/// Tests in Curve, of a program that calls another one.
#[test]
fn tests_may_have_neighbours() {
    let source = format!(
        "{CUSTOMER}
test \"what is saved can be fetched\" {{
    let alice = account(\"alice\");
    fund alice with 500 nASSET;
    deploy(account(\"bank\")) from alice paying 500 nASSET;
    let held = call save(300 nASSET, 1) from alice;
    assert held == 300 nASSET && saved(self) == held && balance(account(\"bank\")) == held;
    call save(1 nASSET, 13) from alice fails;
    for all amount in 0 nASSET..301 nASSET {{
        call fetch(amount) from alice;
        assert state.spare[alice, 7] == amount && saved(self) == held - amount;
    }}
}}
"
    );
    let (customer, bank) = (compiled(&source, true), compiled(BANK, true));
    let neighbours = [Neighbour {
        name: "bank".to_owned(),
        program: Arc::new(bank.hir),
        code: Arc::new(bank.program.verify().unwrap()),
    }];
    let code = Arc::new(customer.program.verify().unwrap());
    let options = TestOptions::default();
    for report in [
        run_reference_tests_beside(&customer.hir, &neighbours, options),
        run_machine_tests_beside(&customer.hir, &code, &neighbours, options),
    ]
    .concat()
    {
        assert_eq!(report.failure, None);
        assert!(report.cases > 100);
    }
    let alone = run_machine_tests_beside(&customer.hir, &code, &[], options);
    let failure = alone[0].failure.as_ref().unwrap();
    assert_eq!(failure.message, "fails: no such program");
}
