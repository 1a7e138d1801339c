//! A program's code as the cluster has it.

use solana_client::nonblocking::rpc_client::RpcClient;
use solana_loader_v3_interface::get_program_data_address;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_pubkey::Pubkey;

use super::account;
use crate::SettlementError;

/// The loader's tag of an account with a program's code.
const PROGRAM_DATA: u32 = 3;

/// The code of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramCode {
    /// Slot of the last deployment or upgrade.
    pub slot: u64,
    /// Who may upgrade it; `None` if nobody may any more.
    pub authority: Option<Pubkey>,
    /// The code, with zeros after it up to the longest that an upgrade may become.
    pub bytes: Vec<u8>,
}

impl ProgramCode {
    /// Whether this is exactly that program.
    pub fn holds(&self, elf: &[u8]) -> bool {
        self.bytes
            .strip_prefix(elf)
            .is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
    }

    /// Refuses an upgrade by somebody who may not, or to more than there is room for.
    ///
    /// # Errors
    /// Another authority, or too little room.
    pub fn admits(&self, program: &Pubkey, authority: &Pubkey, len: usize) -> Result<(), SettlementError> {
        if self.authority != Some(*authority) {
            return Err(SettlementError::UpgradeAuthority {
                program: *program,
                got: *authority,
                expected: self.authority,
            });
        }
        if len > self.bytes.len() {
            return Err(SettlementError::ProgramTooLong {
                program: *program,
                got: len,
                limit: self.bytes.len(),
            });
        }
        Ok(())
    }

    fn read(data: &[u8]) -> Option<Self> {
        let (head, bytes) = data.split_at_checked(UpgradeableLoaderState::size_of_programdata_metadata())?;
        let (tag, head) = head.split_first_chunk()?;
        let (slot, head) = head.split_first_chunk()?;
        let (some, authority) = head.split_first()?;
        let authority: [u8; 32] = authority.try_into().ok()?;
        (u32::from_le_bytes(*tag) == PROGRAM_DATA).then(|| Self {
            slot: u64::from_le_bytes(*slot),
            authority: (*some == 1).then(|| Pubkey::new_from_array(authority)),
            bytes: bytes.to_vec(),
        })
    }
}

/// Reads a program's code.
///
/// # Errors
/// There is no such program, or the RPC call fails.
pub async fn program_code(rpc: &RpcClient, program: &Pubkey) -> Result<ProgramCode, SettlementError> {
    let address = get_program_data_address(program);
    let data = account(rpc, &address).await?;
    data.as_deref()
        .and_then(ProgramCode::read)
        .ok_or(SettlementError::AccountMissing {
            what: "program data",
            address,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(tag: u8, authority: Option<[u8; 32]>, code: &[u8]) -> Vec<u8> {
        let mut data = vec![tag, 0, 0, 0];
        data.extend_from_slice(&7u64.to_le_bytes());
        data.push(authority.is_some().into());
        data.extend_from_slice(&authority.unwrap_or_default());
        data.extend_from_slice(code);
        data
    }

    #[test]
    fn code_is_read_with_its_authority() {
        let authority = [9; 32];
        let code = ProgramCode::read(&account(3, Some(authority), b"code\0\0")).unwrap();
        assert_eq!(
            (code.slot, code.authority),
            (7, Some(Pubkey::new_from_array(authority)))
        );
        let cases: [(&[u8], bool); 4] = [
            (b"code", true),
            (b"code\0", true),
            (b"cod", false),
            (b"other", false),
        ];
        for (elf, held) in cases {
            assert_eq!(code.holds(elf), held, "{elf:?}");
        }
        let frozen = ProgramCode::read(&account(3, None, b"code")).unwrap();
        assert_eq!(frozen.authority, None);
        assert_eq!(ProgramCode::read(&account(2, None, b"code")), None);
        assert_eq!(ProgramCode::read(&[3, 0, 0, 0]), None);
    }

    #[test]
    fn upgrades_need_the_authority_and_room() {
        let [owner, stranger, program] = [1, 2, 3].map(|byte| Pubkey::new_from_array([byte; 32]));
        let code = ProgramCode {
            slot: 1,
            authority: Some(owner),
            bytes: vec![0; 4],
        };
        assert!(code.admits(&program, &owner, 4).is_ok());
        let refused = code.admits(&program, &stranger, 4);
        assert!(matches!(refused, Err(SettlementError::UpgradeAuthority { .. })));
        let refused = code.admits(&program, &owner, 5);
        assert!(matches!(
            refused,
            Err(SettlementError::ProgramTooLong { got: 5, limit: 4, .. })
        ));
    }
}
