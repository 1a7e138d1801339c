//! The transactions of a load, signed before the first is due.

use std::time::Duration;

use assetvm::{Action, Address, Amount, Gas, GasRules, SigningKey, TxId, program_address};
use curve_lang::{Artifact, Options, compile};
use curvevm::{Value, encode_values};
use rand::Rng as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rollup_abi::{Digest, sha256};

use super::Profile;
use crate::plan::{FEE, Signed};

/// Accounts that send: so many that none has more than a few transactions on their way.
pub const SENDERS: usize = 128;
/// Accounts that receive.
const RECIPIENTS: u64 = 1_000;
/// The most that one transaction moves, base units.
const LARGEST: u64 = 1_000;
/// The most gas of a call, and of the deployment before it.
const CALL_GAS: Gas = Gas(3_000_000);
const DEPLOY_GAS: Gas = Gas(20_000_000);
/// The program that is called.
const SPLIT: &str = include_str!("../../../curve/examples/split.curve");

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It must be decided, once.
    Valid,
    /// It must be refused.
    Hostile,
}

/// A transaction and the moment at which it is due, since the load's start.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The moment.
    pub due: Duration,
    /// Which of the senders.
    pub sender: usize,
    /// What is sent.
    pub signed: Signed,
    /// What for.
    pub intent: Intent,
}

/// Who sends what.
#[derive(Debug)]
pub struct Traffic {
    /// The senders' keys.
    pub senders: Vec<SigningKey>,
    /// What each of them needs to have.
    pub purse: Amount,
    /// What must be on the chain before: a deployment, and what its sender needs to have.
    pub deployment: Option<(SigningKey, Signed, Amount)>,
    /// The transactions, by the moments at which they are due.
    pub planned: Vec<Planned>,
}

/// What traffic is made of.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its pattern.
    pub profile: Profile,
    /// Transactions a second.
    pub tps: u32,
    /// How long.
    pub length: Duration,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Traffic {
    /// Signs everything. Keys follow from the seed and from `salt`, so that a second load on one chain has accounts of its own.
    pub fn plan(shape: Shape, chain_id: Digest, gas: GasRules, salt: &[u8]) -> Self {
        let mut rng = StdRng::seed_from_u64(shape.seed);
        let key = |name: &str, index: usize| {
            let parts = [
                salt,
                name.as_bytes(),
                &shape.seed.to_le_bytes(),
                &index.to_le_bytes(),
            ];
            SigningKey::from_seed(&sha256(&parts))
        };
        let senders: Vec<_> = (0..SENDERS).map(|index| key("sender", index)).collect();
        let deployer = key("deployer", 0);
        let arrivals = shape.profile.arrivals(shape.tps, shape.length, &mut rng);
        let mut maker = Maker {
            profile: shape.profile,
            chain_id,
            gas,
            nonces: vec![0; senders.len()],
            program: program_address(&deployer.address(), assetvm::Nonce::new(0)),
            senders: &senders,
            rng,
        };
        let planned = arrivals.into_iter().flat_map(|due| maker.arrival(due)).collect();
        let most = maker.nonces.iter().copied().max().unwrap_or(0);
        let each = maker.fee(CALL_GAS).base_units().saturating_add(LARGEST);
        Self {
            purse: Amount::from_base_units(each.saturating_mul(most)),
            deployment: (shape.profile == Profile::Programs).then(|| deploy(deployer, chain_id, gas)),
            planned,
            senders,
        }
    }
}

fn deploy(deployer: SigningKey, chain_id: Digest, gas: GasRules) -> (SigningKey, Signed, Amount) {
    let options = Options {
        file: "split.curve".into(),
        ..Options::default()
    };
    let split: Artifact = compile(SPLIT, &options).expect("a standard program compiles");
    let args = [recipient(1), recipient(2)].map(Value::Address);
    let action = Action::Deploy {
        code: split.program.encode(),
        upgradeable: false,
        args: encode_values(&[&args[..], &[Value::U64(30)]].concat()),
        payment: Amount::ZERO,
        gas: DEPLOY_GAS,
    };
    let fee = with_gas(gas, action.gas());
    let signed = Signed::new(&deployer, chain_id, 0, fee, action);
    (deployer, signed, fee)
}

fn with_gas(rules: GasRules, gas: Gas) -> Amount {
    let fee = FEE.checked_add(rules.fee(gas));
    fee.expect("the fee of some million gas")
}

/// Nobody has keys for these.
fn recipient(index: u64) -> Address {
    Address::new(sha256(&[b"testnet load recipient", &index.to_le_bytes()]))
}

struct Maker<'a> {
    profile: Profile,
    chain_id: Digest,
    gas: GasRules,
    senders: &'a [SigningKey],
    nonces: Vec<u64>,
    program: Address,
    rng: StdRng,
}

impl Maker<'_> {
    fn fee(&self, gas: Gas) -> Amount {
        with_gas(self.gas, gas)
    }

    /// What comes at one moment.
    fn arrival(&mut self, due: Duration) -> Vec<Planned> {
        let sender = match self.profile {
            Profile::HotAccount if self.rng.r#gen() => 0,
            _ => self.rng.gen_range(0..self.senders.len()),
        };
        let signed = self.valid(sender);
        let planned = |signed, intent| Planned {
            due,
            sender,
            signed,
            intent,
        };
        let hostile = (self.profile == Profile::Adversarial).then(|| self.hostile(sender, &signed));
        let hostile = hostile.map(|signed| planned(signed, Intent::Hostile));
        [planned(signed, Intent::Valid)]
            .into_iter()
            .chain(hostile)
            .collect()
    }

    fn valid(&mut self, sender: usize) -> Signed {
        let nonce = self.nonces[sender];
        self.nonces[sender] += 1;
        let amount = Amount::from_base_units(self.rng.gen_range(1..=LARGEST));
        let (fee, action) = match self.profile {
            Profile::Programs => {
                let call = Action::Call {
                    program: self.program,
                    entry: "pay".into(),
                    args: Vec::new(),
                    payment: amount,
                    gas: CALL_GAS,
                };
                (self.fee(CALL_GAS), call)
            }
            Profile::HotAccount if self.rng.gen_ratio(9, 10) => (FEE, Action::transfer(recipient(0), amount)),
            _ => {
                let to = recipient(self.rng.gen_range(0..RECIPIENTS));
                (FEE, Action::transfer(to, amount))
            }
        };
        Signed::new(&self.senders[sender], self.chain_id, nonce, fee, action)
    }

    /// Something that no validator may take, made from what is sent just before it.
    fn hostile(&mut self, sender: usize, valid: &Signed) -> Signed {
        let key = &self.senders[sender];
        let action = Action::transfer(recipient(0), Amount::from_base_units(1));
        let altered = |bytes: Vec<u8>| Signed {
            id: TxId::of_encoded(&bytes),
            bytes,
        };
        match self.rng.gen_range(0..6) {
            0 => {
                let mut forged = valid.bytes.clone();
                if let Some(byte) = forged.last_mut() {
                    *byte ^= 1;
                }
                altered(forged)
            }
            1 => {
                let foreign = sha256(&[&self.chain_id]);
                Signed::new(key, foreign, self.nonces[sender], FEE, action)
            }
            2 => Signed::new(key, self.chain_id, self.nonces[sender] - 1, Amount::ZERO, action),
            3 => valid.clone(),
            4 => altered(valid.bytes[..valid.bytes.len() / 2].to_vec()),
            _ => {
                let poor = SigningKey::from_seed(&self.rng.r#gen());
                Signed::new(&poor, self.chain_id, 0, FEE, action)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assetvm::Unvalidated;

    fn traffic(profile: Profile) -> Traffic {
        let shape = Shape {
            profile,
            tps: 200,
            length: Duration::from_secs(2),
            seed: 3,
        };
        Traffic::plan(shape, [7; 32], GasRules::default(), b"salt")
    }

    #[test]
    fn valid_transactions_have_every_nonce_once_and_true_signatures() {
        for profile in [
            Profile::Steady,
            Profile::HotAccount,
            Profile::Programs,
            Profile::Adversarial,
        ] {
            let traffic = traffic(profile);
            let mut nonces = vec![0; SENDERS];
            for planned in traffic.planned.iter().filter(|p| p.intent == Intent::Valid) {
                let verified = Unvalidated::decode(&planned.signed.bytes)
                    .unwrap()
                    .verify()
                    .unwrap();
                assert_eq!(verified.body().nonce.get(), nonces[planned.sender], "{profile:?}");
                assert_eq!(verified.body().sender, traffic.senders[planned.sender].address());
                assert_eq!(verified.id(), planned.signed.id);
                nonces[planned.sender] += 1;
            }
        }
    }

    #[test]
    fn adversaries_send_one_for_each_payment() {
        let planned = traffic(Profile::Adversarial).planned;
        let hostile = planned.iter().filter(|p| p.intent == Intent::Hostile).count();
        assert_eq!(hostile * 2, planned.len());
        assert!(hostile > 300, "{hostile}");
    }

    #[test]
    fn a_hot_account_is_hot() {
        let traffic = traffic(Profile::HotAccount);
        let hot = traffic.planned.iter().filter(|p| p.sender == 0).count();
        assert!(
            hot * 3 > traffic.planned.len(),
            "{hot} of {}",
            traffic.planned.len()
        );
    }
}
