//! Which release runs: the code on chain compared with every release of the registry.

use registry::{PROGRAM, Registry, Version, sha256_hex};
use settlement::RollupClient;
use settlement::deploy::{ProgramCode, program_code};

use crate::Error;

/// What runs at the program's address.
#[derive(Clone, Debug)]
pub struct Running {
    /// The code, with its authority and the slot of its deployment.
    pub code: ProgramCode,
    /// The release that it is, if the registry has it; the oldest of several with the same code.
    pub version: Option<Version>,
}

impl Running {
    /// Reads the code and looks for it in the registry.
    pub async fn find(client: &RollupClient, registry: &Registry) -> Result<Self, Error> {
        let code = program_code(client.rpc(), &client.program()).await?;
        let mut version = None;
        for candidate in registry.versions(PROGRAM)? {
            if code.holds(&registry.release(PROGRAM, candidate)?.program) {
                version = Some(candidate);
                break;
            }
        }
        Ok(Self { code, version })
    }

    /// The release's version, or that it is none of the registry's.
    pub fn name(&self) -> String {
        self.version.map_or_else(
            || {
                format!(
                    "no release of the registry (sha256 {} with its padding)",
                    sha256_hex(&self.code.bytes)
                )
            },
            |version| version.to_string(),
        )
    }

    /// Who may upgrade it.
    pub fn authority(&self) -> Option<String> {
        self.code.authority.map(|key| key.to_string())
    }
}
