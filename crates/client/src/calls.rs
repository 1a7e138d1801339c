//! The calls as they are; what comes back has not been checked.

use assetvm::{Address, TransactionBody, TxId};
use rollup_abi::Digest;
use rpc_types::{
    AssetApiClient as _,
    text::{Hex32, HexBytes},
    types::{
        AccountView, AddressText, Answer, BlockView, CertifiedHeader, EntryView, GenesisView, IdText,
        ProgramView, Simulation, StatusView, StoredEntry, TransactionStatus,
    },
};

use crate::{Client, ClientError};

impl Client {
    /// Where a validator stands.
    ///
    /// # Errors
    /// None answers.
    pub async fn status(&self) -> Result<StatusView, ClientError> {
        self.ask("asset_status", |rpc| rpc.status()).await
    }

    /// Genesis and committee; [`Client::chain`] checks them.
    ///
    /// # Errors
    /// None answers.
    pub async fn genesis(&self) -> Result<GenesisView, ClientError> {
        self.ask("asset_genesis", |rpc| rpc.genesis()).await
    }

    /// Where a transaction stands.
    ///
    /// # Errors
    /// None answers.
    pub async fn transaction_status(&self, id: &TxId) -> Result<TransactionStatus, ClientError> {
        self.ask("asset_transactionStatus", |rpc| {
            rpc.transaction_status(IdText(*id))
        })
        .await
    }

    /// An account after the newest decided block, with its proof; [`Client::proven_account`] checks it.
    ///
    /// # Errors
    /// None answers, or about another account.
    pub async fn account(&self, address: &Address) -> Result<AccountView, ClientError> {
        let call = "asset_account";
        let view = self.ask(call, |rpc| rpc.account(AddressText(*address))).await?;
        about(call, &view.address, address)?;
        Ok(view)
    }

    /// A program after the newest decided block, with its proof; [`Client::proven_program`] checks it.
    ///
    /// # Errors
    /// None answers, or about another program, or there is no such program.
    pub async fn program(&self, address: &Address) -> Result<ProgramView, ClientError> {
        let call = "asset_program";
        let view = self.ask(call, |rpc| rpc.program(AddressText(*address))).await?;
        about(call, &view.address, address)?;
        Ok(view)
    }

    /// A program's code.
    ///
    /// # Errors
    /// None answers, or there is no such program.
    pub async fn code(&self, address: &Address) -> Result<Vec<u8>, ClientError> {
        let code = self.ask("asset_code", |rpc| rpc.code(AddressText(*address)));
        Ok(code.await?.0)
    }

    /// What a program stores under a key, with its proof; [`Client::proven_entry`] checks it.
    ///
    /// # Errors
    /// None answers, or about another program.
    pub async fn entry(&self, program: &Address, key: &Digest) -> Result<EntryView, ClientError> {
        let call = "asset_entry";
        let view = self
            .ask(call, |rpc| rpc.entry(AddressText(*program), Hex32(*key)))
            .await?;
        about(call, &view.program, program)?;
        Ok(view)
    }

    /// A page of what a program stores, by rising key, from the first above `after` on.
    ///
    /// # Errors
    /// None answers.
    pub async fn entries(
        &self,
        program: &Address,
        after: Option<&Digest>,
    ) -> Result<Vec<StoredEntry>, ClientError> {
        let after = after.map(|key| Hex32(*key));
        self.ask("asset_entries", |rpc| rpc.entries(AddressText(*program), after))
            .await
    }

    /// What a program's view answers, on the newest decided state. Arguments are encoded as in a call.
    ///
    /// # Errors
    /// None answers, or the program does not.
    pub async fn view(&self, program: &Address, view: &str, args: &[u8]) -> Result<Answer, ClientError> {
        let asked = self.ask("asset_view", |rpc| {
            rpc.view(AddressText(*program), view.to_owned(), HexBytes(args.to_vec()))
        });
        asked.await
    }

    /// What would become of a transaction.
    ///
    /// # Errors
    /// None answers, or the transaction could not be in a block.
    pub async fn simulate(&self, body: &TransactionBody) -> Result<Simulation, ClientError> {
        let body = encode(body);
        self.ask("asset_simulate", |rpc| rpc.simulate(HexBytes(body.clone())))
            .await
    }

    /// The decided block of a height; [`Client::certified`] says whether it is final.
    ///
    /// # Errors
    /// None answers, or it is not decided.
    pub async fn block(&self, height: u64) -> Result<BlockView, ClientError> {
        let call = "asset_block";
        let view = self.ask(call, |rpc| rpc.block(height)).await?;
        match view.summary.height {
            got if got == height => Ok(view),
            got => Err(ClientError::answer(
                call,
                format_args!("block {got}, expected {height}"),
            )),
        }
    }

    /// The certificate that decided a height: its own, or that of a later block.
    ///
    /// # Errors
    /// None answers, or the height is not decided.
    pub async fn certificate(&self, height: u64) -> Result<CertifiedHeader, ClientError> {
        self.ask("asset_certificate", |rpc| rpc.certificate(height)).await
    }

    /// The newest header that has a certificate of its own.
    ///
    /// # Errors
    /// None answers, or nothing has been decided yet.
    pub async fn latest_root(&self) -> Result<CertifiedHeader, ClientError> {
        self.ask("asset_latestRoot", |rpc| rpc.latest_root()).await
    }
}

fn about(call: &'static str, got: &Address, expected: &Address) -> Result<(), ClientError> {
    if got == expected {
        return Ok(());
    }
    Err(ClientError::answer(
        call,
        format_args!("about {got}, expected {expected}"),
    ))
}

fn encode(body: &TransactionBody) -> Vec<u8> {
    // What is signed is a domain tag and then the body.
    body.signing_bytes()[rollup_abi::domain::TRANSACTION.len()..].to_vec()
}
