//! Taking transactions.

use assetvm::Unvalidated;

use super::{
    MAX_SUBMIT, RpcContext, RpcError,
    text::HexBytes,
    types::{IdText, Submitted},
};
use crate::{admission::AdmissionError, mempool::Origin};

impl From<AdmissionError> for RpcError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Rejected(rejection) => Self::Rejected(rejection),
            AdmissionError::Mempool(error) => Self::Mempool(error),
        }
    }
}

/// `asset_submitTransaction`.
pub fn one(context: &RpcContext, encoded: &[u8]) -> Result<IdText, RpcError> {
    if let Some(divergence) = context.halt.reason() {
        return Err(RpcError::Stopping {
            reason: divergence.to_string(),
        });
    }
    let transaction = Unvalidated::decode(encoded)?;
    let verified = context.admission.admit(transaction, Origin::Local)?;
    let id = verified.id();
    context.ingested.note(id);
    context.announcer.announce(verified);
    Ok(IdText(id))
}

/// `asset_submitTransactions`.
pub fn many(context: &RpcContext, encoded: &[HexBytes]) -> Result<Vec<Submitted>, RpcError> {
    if encoded.is_empty() || encoded.len() > MAX_SUBMIT {
        return Err(RpcError::BatchSize { got: encoded.len() });
    }
    let submitted = encoded.iter().map(|bytes| match one(context, &bytes.0) {
        Ok(id) => Submitted::Id(id),
        Err(error) => Submitted::Error {
            code: error.code(),
            message: error.to_string(),
        },
    });
    Ok(submitted.collect())
}
