//! A play: what a cast does with a program, scene by scene.

use assetvm::{Action, Address, Amount, Gas, Nonce, program_address};
use curve_lang::Artifact;
use curvevm::{Value, encode_values};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rollup_abi::sha256;

/// The most gas of a call: what the dearest of the standard programs takes, twice.
const CALL_GAS: Gas = Gas(5_000_000);
/// The most gas of a deployment.
const DEPLOY_GAS: Gas = Gas(20_000_000);

/// What a transaction comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It takes effect.
    Succeeds,
    /// It fails, for this reason: an error of the program, or a trap as `fails` names it.
    Fails(&'static str),
}

/// A transaction of one of the cast.
#[derive(Clone, Debug)]
pub struct Step {
    /// Who sends it, by its place in the cast.
    pub who: usize,
    /// What it does.
    pub action: Action,
    /// What it comes to.
    pub fate: Fate,
}

/// A play in the making. The transactions of one account happen in their order, those of others in a scene in any order: whoever
/// writes a play intends only what holds in all of them. A scene begins when the one before is decided.
#[derive(Debug)]
pub struct Play<'a> {
    name: &'static str,
    artifact: &'a Artifact,
    cast: Vec<Address>,
    /// How many transactions each has sent.
    sent: Vec<u64>,
    places: Vec<Address>,
    receivers: Vec<Address>,
    scenes: Vec<Vec<Step>>,
    dice: StdRng,
}

impl<'a> Play<'a> {
    /// Without any scene.
    pub fn new(name: &'static str, artifact: &'a Artifact, cast: Vec<Address>, seed: u64) -> Self {
        Self {
            name,
            artifact,
            sent: vec![0; cast.len()],
            cast,
            places: Vec::new(),
            receivers: Vec::new(),
            scenes: vec![Vec::new()],
            dice: StdRng::seed_from_u64(seed),
        }
    }

    /// How many accounts there are to act.
    pub fn actors(&self) -> usize {
        self.cast.len()
    }

    /// The address of one of them.
    pub fn actor(&self, who: usize) -> Address {
        self.cast[who]
    }

    /// An account of the play's own that nobody has the key of.
    pub fn receiver(&mut self, name: &str) -> Address {
        let address = Address::new(sha256(&[
            b"testnet receiver",
            self.name.as_bytes(),
            name.as_bytes(),
        ]));
        self.receivers.push(address);
        address
    }

    /// A number of `low..high`.
    pub fn draw(&mut self, low: u64, high: u64) -> u64 {
        self.dice.gen_range(low..high)
    }

    /// What follows is sent once all so far is decided.
    pub fn then(&mut self) {
        self.scenes.push(Vec::new());
    }

    /// Deploys the program; where it will be.
    pub fn deploy(&mut self, who: usize, args: &[Value], payment: u64) -> Address {
        let place = program_address(&self.cast[who], Nonce::new(self.sent[who]));
        self.places.push(place);
        self.step(who, self.deployment(args, payment), Fate::Succeeds);
        place
    }

    /// Deploys the program with arguments that it refuses.
    pub fn deploy_fails(&mut self, who: usize, args: &[Value], error: &'static str) {
        self.step(who, self.deployment(args, 0), Fate::Fails(error));
    }

    /// A call.
    pub fn call(&mut self, who: usize, program: Address, entry: &str, args: &[Value]) -> Called<'_> {
        let call = Action::Call {
            program,
            entry: entry.to_owned(),
            args: encode_values(args),
            payment: Amount::ZERO,
            gas: CALL_GAS,
        };
        Called(self.step(who, call, Fate::Succeeds))
    }

    fn deployment(&self, args: &[Value], payment: u64) -> Action {
        Action::Deploy {
            code: self.artifact.program.encode(),
            upgradeable: false,
            args: encode_values(args),
            payment: Amount::from_base_units(payment),
            gas: DEPLOY_GAS,
        }
    }

    fn step(&mut self, who: usize, action: Action, fate: Fate) -> &mut Step {
        self.sent[who] += 1;
        let scene = self.scenes.last_mut().expect("a play begins with a scene");
        scene.push(Step { who, action, fate });
        scene.last_mut().expect("just pushed")
    }

    /// What is sent, in scenes.
    pub fn scenes(&self) -> &[Vec<Step>] {
        &self.scenes
    }

    /// Where the program is deployed.
    pub fn places(&self) -> &[Address] {
        &self.places
    }

    /// Accounts that are only paid.
    pub fn receivers(&self) -> &[Address] {
        &self.receivers
    }
}

/// A call that was just written.
pub struct Called<'a>(&'a mut Step);

impl Called<'_> {
    /// So much comes along.
    pub fn paying(self, units: u64) -> Self {
        if let Action::Call { payment, .. } = &mut self.0.action {
            *payment = Amount::from_base_units(units);
        }
        self
    }

    /// It must fail.
    pub fn fails(self, reason: &'static str) {
        self.0.fate = Fate::Fails(reason);
    }
}

/// A number, time or amount as an argument.
pub fn number(n: u64) -> Value {
    Value::U64(n)
}

/// An address as an argument.
pub fn whom(address: Address) -> Value {
    Value::Address(address)
}

/// A memo as an argument.
pub fn memo(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}
