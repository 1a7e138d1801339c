//! `assetctl role`: governance and guardian pass on in two steps, so that no role goes to a key that nobody holds.

use clap::{Subcommand, ValueEnum};
use rollup_abi::instruction::{GOVERNANCE, GUARDIAN};
use serde_json::json;
use settlement::Pubkey;

use crate::answer::step;
use crate::settings::parse_key;
use crate::{Answer, Error, Settings};

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Activates, lists posters, resumes, replaces.
    Governance,
    /// May pause and veto.
    Guardian,
}

impl Role {
    const fn code(self) -> u8 {
        match self {
            Self::Governance => GOVERNANCE,
            Self::Guardian => GUARDIAN,
        }
    }
}

/// `assetctl role`
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Name the key that may take a role over; governance signs.
    #[command(after_help = "\
Examples:
  assetctl role propose guardian 4Nd1mYx… --keypair governance.json")]
    Propose {
        /// Which role.
        role: Role,
        /// Who may accept it.
        address: String,
    },
    /// Take a role over; the proposed key signs. A guardian waits for the rollup's delay.
    #[command(after_help = "\
Examples:
  assetctl role accept guardian --keypair new-guardian.json")]
    Accept {
        /// Which role.
        role: Role,
    },
}

pub(crate) async fn run(settings: &Settings, command: &RoleCommand) -> Result<Answer, Error> {
    step(settings.shown());
    let (client, signer) = (settings.client(), settings.signer()?);
    match command {
        RoleCommand::Propose { role, address } => {
            client
                .propose_role(&signer, role.code(), &parse_key(address)?)
                .await?;
        }
        RoleCommand::Accept { role } => client.accept_role(&signer, role.code()).await?,
    }
    let state = client.rollup_state().await?.state;
    let key = |bytes: [u8; 32]| (bytes != [0; 32]).then(|| Pubkey::new_from_array(bytes).to_string());
    let json = json!({
        "governance": key(state.governance),
        "guardian": key(state.guardian),
        "proposed_governance": key(state.proposed_governance),
        "proposed_guardian": key(state.proposed_guardian),
        "guardian_ready_at": state.guardian_ready_at,
    });
    let line = |role: &str| {
        let holder = json[role].as_str().unwrap_or("nobody");
        let proposed = json[format!("proposed_{role}")].as_str();
        let proposed = proposed.map_or_else(String::new, |key| format!(", proposed {key}"));
        format!("{role} {holder}{proposed}\n")
    };
    Ok(Answer::new(line("governance") + &line("guardian"), &json))
}
