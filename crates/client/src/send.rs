//! Making and sending transactions.

use assetvm::{Action, Address, Amount, Gas, Nonce, Transaction, TransactionBody, TxId};
use rpc_types::{AssetApiClient as _, MAX_ASK_GAS, text::HexBytes, types::ReceiptView};

use crate::{Chain, Client, ClientError};

/// Codes of a submission that say that the transaction is waiting already, or that its nonce is spent: by itself, maybe.
const DUPLICATE: i32 = 500;
const SPENT: i32 = 501;
/// Of the gas that a simulation used, what is added because the state may be another one when the transaction is executed.
const SPARE: u64 = 4;

/// What a transaction would cost, and do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The gas that it should be allowed: what it used, and a quarter more.
    pub gas: Gas,
    /// The least fee for that.
    pub fee: Amount,
    /// What it would do.
    pub receipt: ReceiptView,
}

impl Estimate {
    /// The action with this gas, if it states any.
    pub fn allow(&self, action: Action) -> Action {
        allow(action, self.gas)
    }
}

impl Client {
    /// Hands over a signed transaction. Handing it over again is no error.
    ///
    /// # Errors
    /// None answers, or it is not taken.
    pub async fn submit(&self, transaction: &Transaction) -> Result<TxId, ClientError> {
        let (call, id) = ("asset_submitTransaction", transaction.id());
        let bytes = HexBytes(transaction.encode());
        match self.ask(call, |rpc| rpc.submit_transaction(bytes.clone())).await {
            Ok(got) if got.0 == id => Ok(id),
            Ok(got) => Err(ClientError::answer(
                call,
                format_args!("id {}, expected {id}", got.0),
            )),
            Err(ClientError::Refused { code: DUPLICATE, .. }) => Ok(id),
            Err(error) if error.code() == Some(SPENT) => {
                let status = self.transaction_status(&id).await?;
                status.inclusion().map(|_| id).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// What a sender's next transaction would cost and do, if it were alone. The gas that an action states itself is not
    /// used: it is tried with as much as its sender can pay for.
    ///
    /// # Errors
    /// None answers, or the transaction could not be in a block.
    pub async fn estimate(
        &self,
        chain: &Chain,
        sender: Address,
        action: Action,
    ) -> Result<Estimate, ClientError> {
        let account = self.account(&sender).await?;
        let most = affordable(chain, &sender, &action, account.balance);
        let body = body(chain, sender, Nonce::new(account.nonce), allow(action, most));
        let simulation = self.simulate(&body).await?;
        let used = simulation.receipt.gas_used;
        let gas = Gas(used.saturating_add(used / SPARE).min(chain.params.gas.block.0));
        let action = allow(body.action, gas);
        let fee = chain.params.minimum_fee(&sender, &action);
        let receipt = ReceiptView {
            fee,
            ..simulation.receipt
        };
        Ok(Estimate { gas, fee, receipt })
    }

    /// A sender's next transaction, at the least fee for it. An action keeps the gas that it states.
    ///
    /// # Errors
    /// None answers.
    pub async fn prepare(
        &self,
        chain: &Chain,
        sender: Address,
        action: Action,
    ) -> Result<TransactionBody, ClientError> {
        let account = self.account(&sender).await?;
        Ok(body(chain, sender, Nonce::new(account.nonce), action))
    }
}

/// A transaction at the least fee.
fn body(chain: &Chain, sender: Address, nonce: Nonce, action: Action) -> TransactionBody {
    TransactionBody {
        chain_id: *chain.id(),
        sender,
        nonce,
        fee: chain.params.minimum_fee(&sender, &action),
        action,
    }
}

/// The action with this limit, if it states one.
fn allow(mut action: Action, limit: Gas) -> Action {
    if let Action::Deploy { gas, .. } | Action::Call { gas, .. } = &mut action {
        *gas = limit;
    }
    action
}

/// The most gas that can be asked for in a simulation, and that a balance pays for after the base fee and the payment.
fn affordable(chain: &Chain, sender: &Address, action: &Action, balance: Amount) -> Gas {
    let base = chain.params.minimum_fee(sender, &allow(action.clone(), Gas(0)));
    let payment = match action {
        Action::Deploy { payment, .. } | Action::Call { payment, .. } => *payment,
        _ => Amount::ZERO,
    };
    let left = balance.base_units().saturating_sub(base.base_units());
    let left = u128::from(left.saturating_sub(payment.base_units()));
    let price = u128::from(chain.params.gas.price.base_units().max(1));
    let gas = u64::try_from(left * 1_000_000 / price).unwrap_or(u64::MAX);
    Gas(gas.min(MAX_ASK_GAS.0).min(chain.params.gas.block.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assetvm::{GasRules, Genesis, GenesisRoster, SigningKey};
    use hotshot_types::{Committee, Epoch, KeyPair, Member, NodeId, Stake};

    fn chain() -> Chain {
        let key = KeyPair::generate(&mut rand::rngs::OsRng);
        let member = Member {
            node: NodeId([1; 32]),
            key: key.public().clone(),
            stake: Stake::new(1),
        };
        let authority = SigningKey::from_seed(&[1; 32]).address();
        let genesis = Genesis {
            program_id: authority,
            mint_authority: authority,
            supply_cap: Amount::MAX,
            minimum_fee: Amount::from_base_units(5),
            gas: GasRules {
                price: Amount::from_base_units(1_000),
                block: Gas(50_000_000),
            },
            accounts: Vec::new(),
            committee: [0; 32],
            timestamp_ms: 0,
            roster: GenesisRoster::default(),
        };
        let params = genesis.params();
        Chain {
            committee: Committee::new(params.chain_id, Epoch::ZERO, vec![member]).unwrap(),
            genesis,
            params,
        }
    }

    #[test]
    fn what_is_tried_is_paid_for() {
        let (chain, sender) = (chain(), Address::new([9; 32]));
        let call = |payment| Action::Call {
            program: sender,
            entry: "e".into(),
            args: Vec::new(),
            payment: Amount::from_base_units(payment),
            gas: Gas(7),
        };
        for (balance, payment, gas) in [
            (0, 0, 0),
            (5, 0, 0),
            (6, 0, 1_000),
            (105, 100, 0),
            (1_105, 100, 1_000_000),
            (u64::MAX, 0, 50_000_000),
        ] {
            let most = affordable(&chain, &sender, &call(payment), Amount::from_base_units(balance));
            assert_eq!(most, Gas(gas), "{balance} {payment}");
            let body = body(&chain, sender, Nonce::new(0), allow(call(payment), most));
            let cost = body.fee.base_units() + payment;
            assert!(cost <= balance.max(5 + payment), "{cost} of {balance}");
        }
    }
}
