//! Which program runs: what the loader holds, what the rollup's newest release record says, and what the caller knows.
//!
//! A certificate proves a root to whoever checks it. Whether the program on chain still checks it is not said by any certificate,
//! so a poster asks before it pays: the program must be the one that it was built for, and recorded as such.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rollup_abi::account::Release;
use rollup_abi::{Digest, release, sha256};
use serde_json::{Value, json};
use solana_client::rpc_request::RpcRequest;
use solana_loader_v3_interface::get_program_data_address;
use solana_loader_v3_interface::state::UpgradeableLoaderState;

use crate::{RollupClient, SettlementError};

/// Bytes of the loader's account before the program: `tag u32 │ slot u64 │ authority`.
const HEAD: usize = UpgradeableLoaderState::size_of_programdata_metadata();
const PROGRAM_DATA: &str = "program data";

/// A program by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProgram {
    /// Its version: [`rollup_abi::release::version`].
    pub version: u64,
    /// SHA-256 of its bytes.
    pub hash: Digest,
    /// How many there are. The loader keeps zeros after them, which nothing else tells from the program's own.
    pub len: usize,
}

impl KnownProgram {
    /// This program, as this version.
    pub fn new(version: u64, program: &[u8]) -> Self {
        Self {
            version,
            hash: sha256(&[program]),
            len: program.len(),
        }
    }

    /// Whether these bytes are the program, with nothing but zeros after it.
    pub fn is_held_by(&self, code: &[u8]) -> bool {
        code.split_at_checked(self.len).is_some_and(|(program, padding)| {
            padding.iter().all(|byte| *byte == 0) && sha256(&[program]) == self.hash
        })
    }

    /// Whether the newest release record names this program.
    ///
    /// # Errors
    /// There is none, or it names another.
    pub fn check_record(&self, newest: Option<&Release>) -> Result<(), ProgramMismatch> {
        let newest = newest.ok_or(ProgramMismatch::Unrecorded)?;
        if newest.version == self.version && newest.program_hash == self.hash {
            return Ok(());
        }
        Err(ProgramMismatch::Record {
            got: newest.version,
            expected: self.version,
        })
    }
}

/// Why the program on chain is not the one that the caller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramMismatch {
    /// The loader holds other code.
    #[error("the program that was deployed in slot {slot} is not the one that this binary knows, {}", Dotted(*.expected))]
    Code {
        /// Slot of its deployment.
        slot: u64,
        /// The version that is known.
        expected: u64,
    },
    /// No release was ever recorded.
    #[error("governance has recorded no release of the program")]
    Unrecorded,
    /// The newest record names another program.
    #[error("the newest release record is of version {}, this binary knows {}, or their hashes differ", Dotted(*.got), Dotted(*.expected))]
    Record {
        /// The record's version.
        got: u64,
        /// The version that is known.
        expected: u64,
    },
}

struct Dotted(u64);

impl std::fmt::Display for Dotted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor, patch) = release::parts(self.0);
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl RollupClient {
    /// The slot in which the program was last deployed or upgraded: a few bytes, so it can be asked for often.
    ///
    /// # Errors
    /// There is no such program, or the RPC call fails.
    pub async fn deployed_in(&self) -> Result<u64, SettlementError> {
        let head = self.program_data(Some(HEAD)).await?;
        slot_of(&head).ok_or_else(|| self.no_program())
    }

    /// The slot of the program's last deployment, and its code with the zeros after it.
    ///
    /// # Errors
    /// As [`RollupClient::deployed_in`].
    pub async fn program_code(&self) -> Result<(u64, Vec<u8>), SettlementError> {
        let mut data = self.program_data(None).await?;
        let slot = slot_of(&data).ok_or_else(|| self.no_program())?;
        Ok((slot, data.split_off(HEAD)))
    }

    /// The first `len` bytes of the loader's account, or all.
    async fn program_data(&self, len: Option<usize>) -> Result<Vec<u8>, SettlementError> {
        let address = get_program_data_address(&self.program()).to_string();
        let slice = len.map(|length| json!({ "offset": 0, "length": length }));
        let config =
            json!({ "encoding": "base64", "dataSlice": slice, "commitment": self.commitment().commitment });
        let answer: Value = self
            .rpc()
            .send(RpcRequest::GetAccountInfo, json!([address, config]))
            .await
            .map_err(SettlementError::rpc("getAccountInfo"))?;
        answer["value"]["data"][0]
            .as_str()
            .and_then(|data| BASE64_STANDARD.decode(data).ok())
            .ok_or_else(|| self.no_program())
    }

    fn no_program(&self) -> SettlementError {
        SettlementError::AccountMissing {
            what: PROGRAM_DATA,
            address: get_program_data_address(&self.program()),
        }
    }
}

/// The slot in a loader's account that is long enough to be one with code.
fn slot_of(data: &[u8]) -> Option<u64> {
    let head = data.get(..HEAD)?;
    let (tag, rest) = head.split_first_chunk::<4>()?;
    let slot = rest.first_chunk()?;
    (*tag == [3, 0, 0, 0]).then(|| u64::from_le_bytes(*slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(version: u64, program: &[u8]) -> Release {
        Release {
            version,
            state_version: 2,
            slot: 7,
            unix_time: 8,
            program_hash: sha256(&[program]),
            idl_hash: [0; 32],
        }
    }

    #[test]
    fn a_program_is_known_by_all_its_bytes() {
        let known = KnownProgram::new(release::version(1, 2, 3), b"code\0");
        let cases: [(&[u8], bool); 6] = [
            (b"code\0", true),
            (b"code\0\0\0\0", true),
            (b"code", false),
            (b"code\0\0x", false),
            (b"cOde\0", false),
            (b"", false),
        ];
        for (code, held) in cases {
            assert_eq!(known.is_held_by(code), held, "{code:?}");
        }
    }

    #[test]
    fn the_newest_record_has_to_name_it() {
        let version = release::version(1, 2, 3);
        let known = KnownProgram::new(version, b"code");
        assert_eq!(known.check_record(Some(&record(version, b"code"))), Ok(()));
        assert_eq!(known.check_record(None), Err(ProgramMismatch::Unrecorded));
        for other in [record(version, b"cods"), record(version + 1, b"code")] {
            let got = other.version;
            let refused = known.check_record(Some(&other)).unwrap_err();
            let expected = version;
            assert_eq!(refused, ProgramMismatch::Record { got, expected });
            assert!(refused.to_string().contains("1.2.3"), "{refused}");
        }
    }

    #[test]
    fn only_an_account_with_code_has_a_slot() {
        let mut data = vec![0; HEAD];
        data[0] = 3;
        data[4] = 9;
        assert_eq!(slot_of(&data), Some(9));
        assert_eq!(slot_of(&data[..HEAD - 1]), None);
        data[0] = 2;
        assert_eq!(slot_of(&data), None);
    }
}
