//! Posts only to the program that this binary was built for: its bytes on chain, the newest release record and what is known
//! here have to be the same.
//!
//! The bytes are read and hashed once for each deployment; whether there was another is asked at each look.

use settlement::{KnownProgram, ProgramMismatch, RollupAccount, RollupClient, SettlementError};

/// What was seen of the program.
pub(super) struct Gate {
    known: KnownProgram,
    /// The deployment that was looked at, and whether it is of the known program.
    deployed: Option<(u64, bool)>,
}

impl Gate {
    pub(super) fn new(known: KnownProgram) -> Self {
        Self {
            known,
            deployed: None,
        }
    }

    /// Why nothing may be posted, if so. `slot` is that of the program's last deployment.
    pub(super) async fn check(
        &mut self,
        client: &RollupClient,
        slot: u64,
        account: &RollupAccount,
    ) -> Result<Option<ProgramMismatch>, SettlementError> {
        let is_known = match self.deployed {
            Some((seen, is_known)) if seen == slot => is_known,
            _ => {
                let (slot, code) = client.program_code().await?;
                let is_known = self.known.is_held_by(&code);
                self.deployed = Some((slot, is_known));
                is_known
            }
        };
        if !is_known {
            let expected = self.known.version;
            return Ok(Some(ProgramMismatch::Code { slot, expected }));
        }
        Ok(self.known.check_record(account.state.running()).err())
    }
}
