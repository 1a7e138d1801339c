//! Whole calls: storage, payments, events, invariants, calls between programs, gas, and that a trap leaves nothing behind.

mod common;

use common::{ALICE, PLENTY, World, assembled, entry, program};
use curvevm::{
    Address, Call, CallError, Effects, Entrance, Gas, Limit, Location, MemoryHost, Outcome, Trap, Value,
    encode_values, limits,
};

#[test]
fn a_counter_counts() {
    let mut world = World::new();
    let counter = world.deploy(program("counter"));
    for (n, expected) in [(1, 1), (41, 42)] {
        let success = world.call(&entry(counter, "add", &[Value::U64(n)])).unwrap();
        assert_eq!(success.results, [Value::U64(expected)]);
        let event = &success.effects.events[0];
        let code = world.host.programs[&counter].clone();
        let fields = vec![Value::Address(ALICE), Value::U64(n)];
        assert_eq!(event.decode(code.program()), Some(Ok(("Added", fields))));
    }
    assert_eq!(world.view(counter, "total", &[]).unwrap(), [Value::U64(42)]);
    let of = |world: &mut World, who| world.view(counter, "total_of", &[Value::Address(who)]).unwrap();
    assert_eq!(of(&mut world, ALICE), [Value::U64(42)]);
    assert_eq!(of(&mut world, counter), [Value::U64(0)]);
    assert_eq!(
        world.trap(&entry(counter, "add", &[Value::U64(0)])),
        Trap::Revert(0)
    );
    assert_eq!(
        world.trap(&entry(counter, "add", &[Value::U64(u64::MAX)])),
        Trap::Overflow
    );
}

#[test]
fn what_cannot_be_called() {
    let mut world = World::new();
    let counter = world.deploy(program("counter"));
    let nobody = Address::new([9; 32]);
    let mut fails = |program, entrance, args: &[u8]| {
        let call = Call {
            program,
            entrance,
            caller: ALICE,
            payment: 0,
            args,
            gas: PLENTY,
        };
        world.machine.call(&world.host, &call).unwrap_err().to_string()
    };
    assert_eq!(
        fails(nobody, Entrance::Init, &[]),
        CallError::NoSuchProgram { address: nobody }.to_string()
    );
    assert_eq!(fails(counter, Entrance::Init, &[]), "no init");
    assert_eq!(fails(counter, Entrance::Entry("total"), &[]), "no entry total");
    assert_eq!(fails(counter, Entrance::View("add"), &[]), "no view add");
    assert_eq!(
        fails(counter, Entrance::Entry("add"), &[0; 7]),
        "arguments: byte 0: 8 more bytes expected, got 7"
    );
    assert_eq!(
        fails(counter, Entrance::Entry("add"), &[0; 9]),
        "arguments: byte 8: 1 bytes too many"
    );
}

/// A till: takes payments, pays them out, and finds that it owns what it says.
const TILL: &str = "
program till
error TooMuch \"more than there is\"
cell held: (amount: u64)
init payable open() {
  regs u64
  payment r0
  store held, r0
  ret r0
}
entry payable pay_in() -> (u64) {
  regs u64, u64
  load held, r0
  payment r1
  add.u64 r0, r0, r1
  store held, r0
  ret r0
}
entry pay_out(to: address, n: u64) {
  regs u64
  load held, r2
  sub.u64 r2, r2, r1
  store held, r2
  transfer r0, r1
  ret r0
}
entry steal(to: address, n: u64) {
  transfer r0, r1
  ret r0
}
entry over(to: address) {
  regs u64
  const.u64 r1, 18446744073709551615
  transfer r0, r1
  ret r0
}
invariant honest() -> (bool) {
  regs address, u64, u64, bool
  self r0
  balance r1, r0
  load held, r2
  eq.64 r3, r1, r2
  ret r3
}";

fn balance(host: &MemoryHost, of: Address) -> u64 {
    host.balances.get(&of).copied().unwrap_or(0)
}

#[test]
fn payments_move() {
    let mut world = World::new();
    let till = world.deploy_text(TILL);
    let init = Call {
        program: till,
        entrance: Entrance::Init,
        caller: ALICE,
        payment: 100,
        args: &[],
        gas: PLENTY,
    };
    let opened = world.machine.call(&world.host, &init).unwrap().result.unwrap();
    world.host.apply(&opened.effects);
    let mut pay = entry(till, "pay_in", &[]);
    pay.payment = 50;
    assert_eq!(world.call(&pay).unwrap().results, [Value::U64(150)]);
    let bob = Address::new([0xb0; 32]);
    let out = |name: &str, n| entry(till, name, &[Value::Address(bob), Value::U64(n)]);
    world.call(&out("pay_out", 30)).unwrap();
    let balances = [ALICE, till, bob].map(|of| balance(&world.host, of));
    assert_eq!(balances, [1_000_000 - 150, 120, 30]);
    assert_eq!(world.trap(&out("pay_out", 121)), Trap::Overflow);
    assert_eq!(world.trap(&out("steal", 1)), Trap::InvariantViolated(5));
    assert_eq!(
        world.trap(&entry(till, "over", &[Value::Address(bob)])),
        Trap::InsufficientBalance
    );
    pay.payment = 1_000_000;
    assert_eq!(world.trap(&pay), Trap::InsufficientBalance);
    let mut paid = out("pay_out", 1);
    paid.payment = 1;
    assert_eq!(world.trap(&paid), Trap::NotPayable);
    world.host.balances.insert(bob, u64::MAX);
    assert_eq!(world.trap(&out("pay_out", 1)), Trap::Overflow);
    let own = entry(till, "pay_out", &[Value::Address(till), Value::U64(1)]);
    assert_eq!(
        world.trap(&own),
        Trap::NotPayable,
        "a program is paid by calling it"
    );
    let other = world.deploy(program("counter"));
    let unasked = entry(till, "pay_out", &[Value::Address(other), Value::U64(1)]);
    assert_eq!(world.trap(&unasked), Trap::NotPayable);
    assert_eq!(balance(&world.host, till), 120);
}

/// Calls another program, which calls the next one, and so on.
const RELAY: &str = "
program relay
error Deep \"deep enough\"
interface entry relay(address, u64) -> (u64)
interface entry add(u64) -> (u64)
interface view total() -> (u64)
interface view look(address) -> (u64)
interface entry pay_in() -> (u64)
interface entry nothing() -> ()
cell calls: (n: u64)
event Called(by: address, paid: u64)
entry payable relay(to: address, n: u64) -> (u64) {
  regs address, u64, u64, address, u64
  caller r5
  payment r6
  emit Called, r5
  load calls, r3
  add.imm r3, r3, 1
  store calls, r3
  jump.eq.imm r1, 0, done
  sub.imm r1, r1, 1
  const.u64 r4, 0
  call.program r0, i0, r4, r0, r4
  add.imm r4, r4, 1
done:
  ret r4
}
entry count(to: address, n: u64) -> (u64) {
  regs u64
  const.u64 r2, 0
  call.program r0, i1, r2, r1, r1
  view.program r0, i2, r0, r2
  add.u64 r1, r1, r2
  ret r1
}
view look(at: address) -> (u64) {
  regs u64
  view.program r0, i2, r0, r1
  ret r1
}
entry look_back(at: address) -> (u64) {
  regs u64, address
  self r2
  view.program r0, i3, r2, r1
  ret r1
}
entry pay(to: address, n: u64) -> (u64) {
  regs u64
  call.program r0, i4, r1, r0, r2
  ret r2
}
entry lost(to: address) {
  regs u64
  call.program r0, i5, r1, r0, r0
  ret r0
}";

#[test]
fn programs_call_programs() {
    let mut world = World::new();
    let relay = world.deploy_text(RELAY);
    let counter = world.deploy(program("counter"));
    let call = |name: &str, to, n| entry(relay, name, &[Value::Address(to), Value::U64(n)]);
    let success = world.call(&call("count", counter, 21)).unwrap();
    assert_eq!(success.results, [Value::U64(42)]);
    let of = world.view(counter, "total_of", &[Value::Address(relay)]).unwrap();
    assert_eq!(of, [Value::U64(21)], "the caller is the calling program");
    assert_eq!(
        world.view(relay, "look", &[Value::Address(counter)]).unwrap(),
        [Value::U64(21)]
    );
    let outcome = world.outcome(&call("count", counter, 0)).unwrap();
    let fault = outcome.result.unwrap_err();
    assert_eq!(
        (fault.trap, fault.program, fault.pc),
        (Trap::Revert(0), counter, 2),
        "where it happened"
    );
    assert_eq!(world.trap(&call("relay", relay, 1)), Trap::Reentrancy);
    assert_eq!(world.trap(&call("relay", ALICE, 1)), Trap::NoSuchProgram);
    assert_eq!(world.trap(&call("relay", counter, 1)), Trap::NoSuchEntry);
    assert_eq!(
        world.trap(&entry(relay, "lost", &[Value::Address(counter)])),
        Trap::NoSuchEntry
    );
    let other = world.deploy_text(RELAY);
    let look_back = entry(relay, "look_back", &[Value::Address(other)]);
    assert_eq!(world.trap(&look_back), Trap::Reentrancy, "a view that asks back");
    let success = world.call(&call("relay", other, 1)).unwrap();
    assert_eq!(success.results, [Value::U64(1)]);
    let events = success.effects.events.iter().map(|event| event.program);
    assert_eq!(events.collect::<Vec<_>>(), [relay, other]);
    assert_eq!(
        world.trap(&call("relay", other, 2)),
        Trap::Reentrancy,
        "other calls itself"
    );
}

#[test]
fn a_payment_travels_with_a_call() {
    let mut world = World::new();
    let relay = world.deploy_text(RELAY);
    let till = world.deploy_text(TILL);
    world.host.balances.insert(relay, 70);
    let pay = |n| entry(relay, "pay", &[Value::Address(till), Value::U64(n)]);
    assert_eq!(world.call(&pay(70)).unwrap().results, [Value::U64(70)]);
    assert_eq!((balance(&world.host, relay), balance(&world.host, till)), (0, 70));
    assert_eq!(world.trap(&pay(1)), Trap::InsufficientBalance);
    let mut relay_paid = entry(relay, "relay", &[Value::Address(till), Value::U64(0)]);
    relay_paid.payment = 5;
    world.call(&relay_paid).unwrap();
    assert_eq!(balance(&world.host, relay), 5);
}

/// A chain of different programs, each of which calls the next.
#[test]
fn chains_have_a_limit() {
    let mut world = World::new();
    let mut addresses = Vec::new();
    for n in 0..=limits::MAX_CALL_DEPTH {
        let next = Address::new(std::array::from_fn(|i| if i == 31 { n as u8 + 1 } else { 0xc0 }));
        let text = format!(
            "program p
            const address @{next}
            interface entry go(u64) -> (u64)
            entry go(n: u64) -> (u64) {{
              regs u64, address
              jump.eq.imm r0, 0, done
              sub.imm r0, r0, 1
              const.256 r2, k0
              call.program r2, i0, r1, r0, r0
            done:
              add.imm r0, r0, 1
              ret r0
            }}"
        );
        addresses.push(world.deploy_text(&text));
    }
    let go = |n: usize| entry(addresses[0], "go", &[Value::U64(n as u64)]);
    let longest = limits::MAX_CALL_DEPTH - 1;
    assert_eq!(
        world.call(&go(longest)).unwrap().results,
        [Value::U64(longest as u64 + 1)]
    );
    assert_eq!(world.trap(&go(longest + 1)), Trap::TooDeep);
}

#[test]
fn a_trap_leaves_nothing_behind() {
    let mut world = World::new();
    let till = world.deploy_text(TILL);
    let before = (world.host.storage.clone(), world.host.balances.clone());
    let mut pay = entry(till, "pay_in", &[]);
    pay.payment = 50;
    let needed = world.outcome(&pay).unwrap().gas_used;
    for gas in (0..needed.0).step_by(977).chain([needed.0 - 1]) {
        pay.gas = Gas(gas);
        let outcome = world.outcome(&pay).unwrap();
        assert_eq!(outcome.gas_used, pay.gas, "all of the gas is spent");
        assert_eq!(outcome.result.unwrap_err().trap, Trap::OutOfGas);
        assert_eq!(
            (&world.host.storage, &world.host.balances),
            (&before.0, &before.1)
        );
    }
    pay.gas = needed;
    let outcome = world.outcome(&pay).unwrap();
    assert_eq!(outcome.gas_used, needed);
    assert_ne!(outcome.result.unwrap().effects, Effects::default());
}

#[test]
fn loops_end_with_the_gas() {
    let mut world = World::new();
    let spin = world.deploy_text("program spin\nentry spin() {\n regs u64\nagain: jump again\n}");
    let mut call = entry(spin, "spin", &[]);
    call.gas = Gas(1_000_000);
    let Outcome { gas_used, result } = world.outcome(&call).unwrap();
    assert_eq!(
        (gas_used, result.unwrap_err().trap),
        (Gas(1_000_000), Trap::OutOfGas)
    );
}

#[test]
fn limits_of_a_call() {
    let mut world = World::new();
    let greedy = world.deploy_text(
        "program greedy
        const bytes \"00\"
        event E()
        map m: (u64) -> (n: u64)
        entry memory() {
          regs bytes[512], bytes[1024], bytes[512], u64, bytes[1]
          const.bytes r4, k0
        again:
          concat r1, r0, r2
          mov.bytes r1, r1
          pack r1, 2, r3
          jump again
        }
        entry events() {
          regs u64
        again:
          emit E, r0
          jump again
        }
        entry changes() {
          regs u64
        again:
          map.set m, r0, r0
          add.imm r0, r0, 1
          jump again
        }",
    );
    for (name, limit) in [
        ("memory", Limit::Memory),
        ("events", Limit::Events),
        ("changes", Limit::Changes),
    ] {
        assert_eq!(
            world.trap(&entry(greedy, name, &[])),
            Trap::LimitReached(limit),
            "{name}"
        );
    }
}

#[test]
fn corrupt_state_is_noticed() {
    let mut world = World::new();
    let counter = world.deploy(program("counter"));
    world.call(&entry(counter, "add", &[Value::U64(1)])).unwrap();
    for value in world.host.storage.values_mut() {
        value.push(0);
    }
    assert_eq!(
        world.trap(&entry(counter, "add", &[Value::U64(1)])),
        Trap::CorruptState
    );
}

#[test]
fn faults_name_the_line() {
    let code = assembled(
        "program p
        file \"p.curve\"
        entry f(n: u64) {
          regs u64
          at 0 10 3
          add.imm r0, r0, 1
          at 0 11 7
          const.u64 r1, 0
          div.u64 r0, r0, r1
          at 0 12 1
          ret r0
        }",
    );
    let mut world = World::new();
    let address = world.deploy(code.clone());
    let fault = world.call(&entry(address, "f", &[Value::U64(7)])).unwrap_err();
    assert_eq!(fault.trap, Trap::DivisionByZero);
    let place = code.program().locate(fault.function, fault.pc);
    let expected = Location {
        file: "p.curve",
        line: 11,
        column: 7,
    };
    assert_eq!(place, Some(expected));
    let overflow = world
        .call(&entry(address, "f", &[Value::U64(u64::MAX)]))
        .unwrap_err();
    assert_eq!(
        code.program()
            .locate(overflow.function, overflow.pc)
            .unwrap()
            .line,
        10
    );
}

#[test]
fn the_world_is_seen() {
    let mut world = World::new();
    let seer = world.deploy_text(
        "program seer
        cell seen: (me: address, by: address, paid: u64, height: u64, time: u64, owned: u64)
        entry payable see() -> (address, address, u64, u64, u64, u64) {
          regs address, address, u64, u64, u64, u64
          self r0
          caller r1
          payment r2
          height r3
          time r4
          balance r5, r1
          store seen, r0
          ret r0
        }
        view seen() -> (address, address, u64, u64, u64, u64) {
          regs address, address, u64, u64, u64, u64
          load seen, r0
          ret r0
        }",
    );
    let mut see = entry(seer, "see", &[]);
    see.payment = 9;
    let expected = [
        Value::Address(seer),
        Value::Address(ALICE),
        Value::U64(9),
        Value::U64(7),
        Value::U64(1_700_000_000_000),
        Value::U64(999_991),
    ];
    assert_eq!(world.call(&see).unwrap().results, expected);
    assert_eq!(world.view(seer, "seen", &[]).unwrap(), expected);
}

#[test]
fn a_trace_shows_every_step() {
    let mut world = World::new();
    let counter = world.deploy(program("counter"));
    let args = encode_values(&[Value::U64(5)]);
    let call = Call {
        program: counter,
        entrance: Entrance::Entry("add"),
        caller: ALICE,
        payment: 0,
        args: &args,
        gas: PLENTY,
    };
    let mut steps = Vec::new();
    let traced = world.machine.trace(&world.host, &call, |step| {
        assert_eq!((step.program, step.depth, step.function), (counter, 1, 0));
        steps.push((step.pc, step.instr.op.spec().mnemonic, step.register(3)));
    });
    assert_eq!(
        traced,
        world.machine.call(&world.host, &call),
        "tracing changes nothing"
    );
    assert_eq!(steps.len(), 13);
    assert_eq!(steps[4], (4, "add.u64", Some(Value::U64(0))));
    assert_eq!(steps[5], (5, "store", Some(Value::U64(5))));
}
