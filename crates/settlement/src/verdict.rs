//! The taxonomy of errors: every one has a verdict.

use rollup_abi::ProgramError;
use solana_client::client_error::{ClientError, ClientErrorKind};
use solana_client::rpc_custom_error as code;
use solana_client::rpc_request::RpcError;
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing: the chain has it already.
    Success,
    /// Send the same bytes again after a pause.
    Retry,
    /// Read the chain again, build from what it says, and sign with a fresh blockhash.
    Resign,
    /// Stop: a person must act, or it will only cost fees.
    Halt,
}

/// Why; a bounded set, so that it can label a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The RPC endpoint did not answer, or not in its protocol.
    Transport,
    /// The RPC node is behind, unhealthy or limits our rate.
    Node,
    /// The block or the account is full.
    Congestion,
    /// The blockhash expired or is not known yet.
    Expired,
    /// The transaction has been processed already.
    Processed,
    /// Somebody else moved the rollup forward in between, or the next committee has to take over first.
    Overtaken,
    /// The rollup is paused, has no committee yet, or waits for a migration.
    Paused,
    /// Two certified roots conflict.
    Frozen,
    /// The payer cannot pay.
    Funds,
    /// The compute budget was too small.
    Budget,
    /// The key may not do this.
    Unauthorized,
    /// The program is not there.
    NotDeployed,
    /// The program refuses the content.
    Refused(ProgramError),
    /// The transaction is not well formed.
    Malformed,
    /// Nothing of the above.
    Unknown,
}

impl Cause {
    /// A stable name for logs and metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Node => "node",
            Self::Congestion => "congestion",
            Self::Expired => "expired",
            Self::Processed => "processed",
            Self::Overtaken => "overtaken",
            Self::Paused => "paused",
            Self::Frozen => "frozen",
            Self::Funds => "funds",
            Self::Budget => "budget",
            Self::Unauthorized => "unauthorized",
            Self::NotDeployed => "not_deployed",
            Self::Refused(_) => "refused",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
        }
    }
}

/// An error with its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Classified {
    /// What to do.
    pub verdict: Verdict,
    /// Why.
    pub cause: Cause,
}

impl Classified {
    pub(crate) const EXPIRED: Self = Self::new(Verdict::Resign, Cause::Expired);
    pub(crate) const MALFORMED: Self = Self::new(Verdict::Halt, Cause::Malformed);
    pub(crate) const NOT_DEPLOYED: Self = Self::new(Verdict::Halt, Cause::NotDeployed);
    const NODE: Self = Self::new(Verdict::Retry, Cause::Node);
    const CONGESTION: Self = Self::new(Verdict::Retry, Cause::Congestion);
    const TRANSPORT: Self = Self::new(Verdict::Retry, Cause::Transport);
    const UNKNOWN: Self = Self::new(Verdict::Resign, Cause::Unknown);

    const fn new(verdict: Verdict, cause: Cause) -> Self {
        Self { verdict, cause }
    }
}

/// Classifies an error of the RPC client.
pub fn classify(error: &ClientError) -> Classified {
    if let Some(error) = error.get_transaction_error() {
        return classify_transaction(&error);
    }
    match error.kind() {
        ClientErrorKind::Io(_) | ClientErrorKind::Middleware(_) => Classified::TRANSPORT,
        ClientErrorKind::Reqwest(error) => match error.status() {
            Some(status) if status.as_u16() == 429 => Classified::NODE,
            Some(status) if status.as_u16() == 413 => Classified::MALFORMED,
            _ => Classified::TRANSPORT,
        },
        ClientErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) => classify_code(*code),
        ClientErrorKind::RpcError(_) | ClientErrorKind::SerdeJson(_) => Classified::TRANSPORT,
        ClientErrorKind::SigningError(_) => Classified::MALFORMED,
        ClientErrorKind::TransactionError(error) => classify_transaction(error),
        ClientErrorKind::Custom(_) => Classified::UNKNOWN,
    }
}

/// JSON-RPC's own codes and Solana's.
fn classify_code(code: i64) -> Classified {
    match code {
        code::JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY
        | code::JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED
        | code::JSON_RPC_SERVER_ERROR_BLOCK_NOT_AVAILABLE
        | code::JSON_RPC_SERVER_ERROR_BLOCK_STATUS_NOT_AVAILABLE_YET
        | code::JSON_RPC_SERVER_ERROR_EPOCH_REWARDS_PERIOD_ACTIVE
        | code::JSON_RPC_SERVER_ERROR_LONG_TERM_STORAGE_UNREACHABLE
        // JSON-RPC: internal error.
        | -32603 => Classified::NODE,
        code::JSON_RPC_SERVER_ERROR_TRANSACTION_SIGNATURE_VERIFICATION_FAILURE
        | code::JSON_RPC_SERVER_ERROR_TRANSACTION_PRECOMPILE_VERIFICATION_FAILURE
        | code::JSON_RPC_SERVER_ERROR_TRANSACTION_SIGNATURE_LEN_MISMATCH
        | code::JSON_RPC_SERVER_ERROR_UNSUPPORTED_TRANSACTION_VERSION
        // JSON-RPC: parse error, invalid request, method not found, invalid parameters.
        | -32700 | -32600 | -32601 | -32602 => Classified::MALFORMED,
        _ => Classified::UNKNOWN,
    }
}

/// Classifies what the runtime said of a transaction.
pub fn classify_transaction(error: &TransactionError) -> Classified {
    use TransactionError as E;
    match error {
        E::AlreadyProcessed => Classified::new(Verdict::Success, Cause::Processed),
        E::BlockhashNotFound => Classified::EXPIRED,
        E::InstructionError(_, error) => classify_instruction(error),
        E::AccountInUse
        | E::AccountBorrowOutstanding
        | E::WouldExceedMaxBlockCostLimit
        | E::WouldExceedMaxAccountCostLimit
        | E::WouldExceedMaxVoteCostLimit
        | E::WouldExceedAccountDataBlockLimit
        | E::WouldExceedAccountDataTotalLimit
        | E::ProgramCacheHitMaxLimit
        | E::CommitCancelled
        | E::ResanitizationNeeded
        | E::ProgramExecutionTemporarilyRestricted { .. } => Classified::CONGESTION,
        E::ClusterMaintenance => Classified::NODE,
        E::AccountNotFound
        | E::InsufficientFundsForFee
        | E::InsufficientFundsForRent { .. }
        | E::InvalidAccountForFee
        | E::InvalidRentPayingAccount => Classified::new(Verdict::Halt, Cause::Funds),
        E::ProgramAccountNotFound | E::InvalidProgramForExecution => Classified::NOT_DEPLOYED,
        E::MaxLoadedAccountsDataSizeExceeded | E::InvalidLoadedAccountsDataSizeLimit => {
            Classified::new(Verdict::Halt, Cause::Budget)
        }
        E::AccountLoadedTwice
        | E::CallChainTooDeep
        | E::MissingSignatureForFee
        | E::InvalidAccountIndex
        | E::SignatureFailure
        | E::SanitizeFailure
        | E::UnsupportedVersion
        | E::InvalidWritableAccount
        | E::TooManyAccountLocks
        | E::AddressLookupTableNotFound
        | E::InvalidAddressLookupTableOwner
        | E::InvalidAddressLookupTableData
        | E::InvalidAddressLookupTableIndex
        | E::DuplicateInstruction(_)
        | E::UnbalancedTransaction => Classified::MALFORMED,
    }
}

fn classify_instruction(error: &InstructionError) -> Classified {
    use InstructionError as E;
    match error {
        E::Custom(code) => match ProgramError::from_code(*code) {
            Some(error) => classify_program(error),
            // The framework's own codes: a wrong account, signer or argument.
            None => Classified::MALFORMED,
        },
        E::ComputationalBudgetExceeded => Classified::new(Verdict::Resign, Cause::Budget),
        E::InsufficientFunds | E::AccountNotRentExempt | E::ExecutableAccountNotRentExempt => {
            Classified::new(Verdict::Halt, Cause::Funds)
        }
        E::MissingRequiredSignature | E::IncorrectAuthority | E::Immutable => {
            Classified::new(Verdict::Halt, Cause::Unauthorized)
        }
        E::UnsupportedProgramId | E::IncorrectProgramId | E::AccountNotExecutable => Classified::NOT_DEPLOYED,
        // Everything else says that program and client do not fit together.
        _ => Classified::MALFORMED,
    }
}

/// No arm for the rest: a new code has to be given its verdict here.
fn classify_program(error: ProgramError) -> Classified {
    use ProgramError as E;
    match error {
        E::Paused | E::RollupNotActive | E::StateVersion => Classified::new(Verdict::Retry, Cause::Paused),
        E::Frozen => Classified::new(Verdict::Halt, Cause::Frozen),
        // It was right for the state that was read; somebody else was first.
        E::RootsCount
        | E::WrongEpoch
        | E::WrongCommittee
        | E::EpochEnded
        | E::EpochNotEnded
        | E::RollupActive
        | E::NothingScheduled
        | E::AlreadyScheduled
        | E::AccountShort
        | E::RootUnknown
        | E::HistoryUnknown => Classified::new(Verdict::Resign, Cause::Overtaken),
        E::NotUpgradeAuthority
        | E::NotGovernance
        | E::NotGuardian
        | E::PosterNotAllowed
        | E::NotProposed
        | E::NotStager => Classified::new(Verdict::Halt, Cause::Unauthorized),
        E::RoleZero
        | E::DelayRange
        | E::PosterZero
        | E::PostersFull
        | E::RoleUnknown
        | E::CommitteeSealed
        | E::CommitteeNotSealed
        | E::CommitteeEmpty
        | E::CommitteeFull
        | E::CommitteeInUse
        | E::CommitteeHash
        | E::StakeZero
        | E::StakeOverflow
        | E::KeyFlagBits
        | E::KeyInfinity
        | E::KeyCopied
        | E::OwnerCopied
        | E::PointInvalid
        | E::PossessionInvalid
        | E::HeaderVersion
        | E::ViewNotNewer
        | E::RootsAccumulator
        | E::CertificateView
        | E::NotEvidence
        | E::CertificateLength
        | E::BitmapLength
        | E::BitmapTail
        | E::BelowQuorum
        | E::SignatureFlagBits
        | E::SignatureInfinity
        | E::AggregateKeyInfinity
        | E::HashToCurve
        | E::SignatureInvalid
        | E::BlockNotProven
        | E::ProofMalformed
        | E::AccountNotProven
        | E::ProgramData
        | E::TooEarly => Classified::new(Verdict::Halt, Cause::Refused(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_client::rpc_request::{RpcRequest, RpcResponseErrorData};
    use solana_client::rpc_response::RpcSimulateTransactionResult;

    fn custom(code: u32) -> TransactionError {
        TransactionError::InstructionError(2, InstructionError::Custom(code))
    }

    #[test]
    fn runtime_and_program_errors() {
        use Cause as C;
        use TransactionError as E;
        use Verdict::{Halt, Resign, Retry, Success};
        let cases = [
            (E::AlreadyProcessed, Success, C::Processed),
            (E::BlockhashNotFound, Resign, C::Expired),
            (E::AccountInUse, Retry, C::Congestion),
            (E::WouldExceedMaxBlockCostLimit, Retry, C::Congestion),
            (E::InsufficientFundsForFee, Halt, C::Funds),
            (E::AccountNotFound, Halt, C::Funds),
            (E::ProgramAccountNotFound, Halt, C::NotDeployed),
            (E::SignatureFailure, Halt, C::Malformed),
            (custom(ProgramError::Paused.code()), Retry, C::Paused),
            (custom(ProgramError::Frozen.code()), Halt, C::Frozen),
            (custom(ProgramError::RootsCount.code()), Resign, C::Overtaken),
            (custom(ProgramError::EpochEnded.code()), Resign, C::Overtaken),
            (
                custom(ProgramError::PosterNotAllowed.code()),
                Halt,
                C::Unauthorized,
            ),
            (
                custom(ProgramError::SignatureInvalid.code()),
                Halt,
                C::Refused(ProgramError::SignatureInvalid),
            ),
            (custom(2006), Halt, C::Malformed),
            (
                E::InstructionError(2, InstructionError::ComputationalBudgetExceeded),
                Resign,
                C::Budget,
            ),
        ];
        for (error, verdict, cause) in cases {
            assert_eq!(
                classify_transaction(&error),
                Classified { verdict, cause },
                "{error}"
            );
        }
    }

    #[test]
    fn no_program_error_is_retried_blindly_except_a_pause() {
        for error in ProgramError::ALL {
            let Classified { verdict, cause } = classify_program(*error);
            assert_ne!(verdict, Verdict::Success, "{error:?}");
            if verdict == Verdict::Retry {
                assert_eq!(cause, Cause::Paused, "{error:?}");
            }
        }
    }

    #[test]
    fn rpc_errors() {
        let response = |code, data| {
            ClientError::from(ClientErrorKind::RpcError(RpcError::RpcResponseError {
                code,
                message: String::new(),
                data,
            }))
        };
        let preflight: RpcSimulateTransactionResult =
            serde_json::from_str(r#"{"err":{"InstructionError":[2,{"Custom":6007}]},"logs":[]}"#).unwrap();
        let cases = [
            (response(-32005, RpcResponseErrorData::Empty), Verdict::Retry),
            (response(-32016, RpcResponseErrorData::Empty), Verdict::Retry),
            (response(-32602, RpcResponseErrorData::Empty), Verdict::Halt),
            (response(-32003, RpcResponseErrorData::Empty), Verdict::Halt),
            (response(-12345, RpcResponseErrorData::Empty), Verdict::Resign),
            (
                response(
                    -32002,
                    RpcResponseErrorData::SendTransactionPreflightFailure(preflight),
                ),
                Verdict::Halt,
            ),
            (std::io::Error::other("gone").into(), Verdict::Retry),
            (ClientErrorKind::Custom("?".into()).into(), Verdict::Resign),
            (
                ClientError::new_with_request(
                    RpcError::ParseError("x".into()).into(),
                    RpcRequest::GetAccountInfo,
                ),
                Verdict::Retry,
            ),
        ];
        for (error, verdict) in cases {
            assert_eq!(classify(&error).verdict, verdict, "{error:?}");
        }
    }
}
