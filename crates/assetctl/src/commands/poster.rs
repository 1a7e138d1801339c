//! `assetctl poster`: who may post.

use clap::Subcommand;
use serde_json::json;
use settlement::Pubkey;

use crate::answer::step;
use crate::settings::parse_key;
use crate::{Answer, Error, Settings};

/// `assetctl poster`
#[derive(Debug, Subcommand)]
pub enum PosterCommand {
    /// List a poster; governance signs.
    #[command(after_help = "\
Examples:
  assetctl poster add 4Nd1mYx… --keypair governance.json")]
    Add {
        /// The poster's key.
        address: String,
    },
    /// Take a poster off the list; governance signs.
    #[command(after_help = "\
Examples:
  assetctl poster revoke 4Nd1mYx… --keypair governance.json

Revoking the last one lets anybody post: what a poster says is never believed, the certificate is.")]
    Revoke {
        /// The poster's key.
        address: String,
    },
}

pub(crate) async fn run(settings: &Settings, command: &PosterCommand) -> Result<Answer, Error> {
    step(settings.shown());
    let (client, governance) = (settings.client(), settings.signer()?);
    match command {
        PosterCommand::Add { address } => client.add_poster(&governance, &parse_key(address)?).await?,
        PosterCommand::Revoke { address } => client.revoke_poster(&governance, &parse_key(address)?).await?,
    }
    let state = client.rollup_state().await?.state;
    let listed = state.posters.iter().filter(|poster| **poster != [0; 32]);
    let posters: Vec<String> = listed
        .map(|poster| Pubkey::new_from_array(*poster).to_string())
        .collect();
    let text = match posters.as_slice() {
        [] => "nobody is listed: anybody may post".to_owned(),
        some => format!("may post: {}", some.join(", ")),
    };
    Ok(Answer::new(
        text,
        &json!({ "posters": posters, "open": posters.is_empty() }),
    ))
}
