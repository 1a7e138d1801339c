//! `assetctl deploy`: a release to an address that has no program yet.

use std::path::PathBuf;

use clap::Args;
use registry::{Outcome, PROGRAM, Registry, Release, Version};
use serde_json::json;
use settlement::deploy::{Deployment, deploy_program, program_code};
use settlement::{Keypair, Signer as _};

use crate::answer::step;
use crate::rollout::record;
use crate::running::Running;
use crate::{Answer, Error, Settings, keyfile};

/// `assetctl deploy`
#[derive(Args, Debug)]
#[command(after_help = "\
The program is written to a buffer in many small transactions, deployed from it, read back, and compared with the registry. An
interrupted deployment goes on where it stopped. The address is that of --program-keypair; without it, the development key's,
which is published and only fit for local chains.

Examples:
  assetctl deploy
  assetctl --cluster devnet deploy --program-keypair program.json --authority upgrade-authority.json
  assetctl deploy --release 0.1.0 --json")]
pub struct DeployArgs {
    /// Which release [default: the newest]
    #[arg(long, value_name = "VERSION")]
    pub release: Option<Version>,
    /// The key of the program's address.
    #[arg(long, value_name = "FILE")]
    pub program_keypair: Option<PathBuf>,
    /// Who may upgrade it later [default: the signer]
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,
    /// Longest that an upgrade may become, in bytes [default: twice the program's length]
    #[arg(long, value_name = "BYTES")]
    pub max_len: Option<usize>,
}

pub(crate) async fn run(settings: &Settings, args: &DeployArgs) -> Result<Answer, Error> {
    step(settings.shown());
    let registry = settings.open_registry()?;
    let release = match args.release {
        Some(version) => registry.release(PROGRAM, version)?,
        None => registry.latest(PROGRAM)?,
    };
    let program = match &args.program_keypair {
        Some(path) => keyfile::read(path)?,
        None => Keypair::try_from(&registry::local_program_keypair()?[..])
            .expect("the registry checked that it is a key"),
    };
    // The program refuses to run at another address than the one that it declares.
    for got in [program.pubkey(), settings.program_id] {
        if got.to_string() != release.manifest.program_id {
            let expected = release.manifest.program_id.clone();
            return Err(Error::ProgramId { got, expected });
        }
    }
    let payer = settings.signer()?;
    let authority = settings.key_or_signer(args.authority.as_deref())?;
    let client = settings.client();
    let writes = match program_code(client.rpc(), &program.pubkey()).await {
        // An earlier run got this far.
        Ok(code) if code.holds(&release.program) => 0,
        _ => {
            step(format_args!(
                "writing {} {} ({} bytes)",
                PROGRAM,
                release.manifest.version,
                release.program.len()
            ));
            let deployment = Deployment {
                payer: &payer,
                program: &program,
                authority: &authority,
                elf: &release.program,
                max_len: args
                    .max_len
                    .unwrap_or_else(|| release.program.len().saturating_mul(2)),
            };
            deploy_program(client.rpc(), &deployment).await?.writes
        }
    };
    finish(settings, &registry, &release, writes).await
}

/// Reads back what is on chain, compares it, and writes it down.
async fn finish(
    settings: &Settings,
    registry: &Registry,
    release: &Release,
    writes: usize,
) -> Result<Answer, Error> {
    let (client, version) = (settings.client(), release.manifest.version);
    let running = Running::find(&client, registry).await?;
    if !running.code.holds(&release.program) {
        return Err(Error::OtherCode {
            program: settings.program_id,
            version,
            found: running.name(),
        });
    }
    let recorded = record(settings, &client, registry, version, Outcome::Deployed).await?;
    if !recorded {
        step(format_args!(
            "not written to the registry: `assetctl registry add {version} --revision REVISION` begins its record"
        ));
    }
    let json = json!({
        "program_id": settings.program_id.to_string(),
        "version": version,
        "program_sha256": release.manifest.program_sha256,
        "upgrade_authority": running.authority(),
        "slot": running.code.slot,
        "writes": writes,
        "verified": true,
        "recorded": recorded,
    });
    let text = format!(
        "{PROGRAM} {version} is at {}\n  sha256 {} as in the registry\n  upgrade authority {}, slot {}, {writes} writes",
        settings.program_id,
        release.manifest.program_sha256,
        running.authority().unwrap_or_else(|| "nobody".into()),
        running.code.slot,
    );
    Ok(Answer::new(text, &json))
}
