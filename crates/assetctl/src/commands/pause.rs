//! `assetctl pause`, `assetctl resume`: posting stops everywhere, and goes on.

use serde_json::json;

use crate::answer::step;
use crate::{Answer, Error, Settings};

pub(crate) const PAUSE_HELP: &str = "\
Examples:
  assetctl pause --keypair guardian.json

Blocks go on; their roots wait, and settle after `assetctl resume`. Proofs against accepted roots go on, too.";

pub(crate) const RESUME_HELP: &str = "\
Examples:
  assetctl resume --keypair governance.json";

pub(crate) async fn pause(settings: &Settings) -> Result<Answer, Error> {
    step(settings.shown());
    let client = settings.client();
    client.pause(&settings.signer()?).await?;
    now(settings, "posting is paused").await
}

pub(crate) async fn resume(settings: &Settings) -> Result<Answer, Error> {
    step(settings.shown());
    let client = settings.client();
    client.resume(&settings.signer()?).await?;
    now(settings, "posting goes on").await
}

async fn now(settings: &Settings, text: &str) -> Result<Answer, Error> {
    let state = settings.client().rollup_state().await?.state;
    let json = json!({ "paused": state.paused == 1, "height": state.last.height });
    Ok(Answer::new(
        format!("{text}, at height {}", state.last.height),
        &json,
    ))
}
