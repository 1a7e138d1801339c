//! `asset proof`

use std::{fs, path::Path, time::Duration};

use assetvm::Address;
use client::{
    Solana,
    proof::{MAX_FILE_BYTES, ProofFile},
    rpc::text::Hex32,
};
use rollup_abi::Digest;
use serde_json::json;

use crate::{
    Error, Shell, Verdict,
    cli::{Proof, Who},
    context::{self, Context},
    shell::Ink,
    words::shown,
};

/// How often Solana is asked for a root.
const POLL: Duration = Duration::from_millis(400);
/// How often in all: for some two minutes.
const TRIES: u32 = 300;

pub async fn run(command: &Proof, context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    match command {
        Proof::Fetch { who, out, settled } => fetch(*who, out.as_deref(), *settled, context, shell).await,
        Proof::Verify { file, root } => verify(file, *root, context, shell).await,
    }
}

async fn fetch(
    who: Option<Who>,
    out: Option<&Path>,
    settled: bool,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let address = context.address(who)?;
    let (client, chain) = context.chain().await?;
    let proven = client.proven_account(&chain, &address).await?;
    let program = chain.genesis.program_id;
    let file = ProofFile::new(program, &proven);
    if settled {
        wait(&context.solana()?, &program, file.height).await?;
    }
    let Some(path) = out else {
        return shell.json(&file).map(|()| Verdict::Good);
    };
    let text = serde_json::to_string_pretty(&file).expect("our own structs have a JSON form") + "\n";
    fs::write(path, text).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })?;
    if shell.is_json() {
        shell.json(&json!({ "file": path, "height": file.height, "state_root": file.state_root }))?;
    } else {
        shell.line(format_args!(
            "{}: {address} at height {}, root {}",
            path.display(),
            file.height,
            file.state_root
        ))?;
    }
    Ok(Verdict::Good)
}

/// Waits until Solana has recorded the root of a height.
async fn wait(solana: &Solana, program: &Address, height: u64) -> Result<(), Error> {
    let mut newest = 0;
    for _ in 0..TRIES {
        newest = solana.rollup(program).await?.height();
        if newest >= height {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    Err(Error::NoRoot { height, newest })
}

async fn verify(
    path: &Path,
    root: Option<Hex32>,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let file = read(path)?;
    let (root, source) = match root {
        Some(root) => (root.0, "the root that you gave".to_owned()),
        None => recorded(&file, context).await?,
    };
    let verified = file.verify(&root);
    let holds = verified.is_ok();
    if shell.is_json() {
        shell.json(&json!({
            "holds": holds,
            "address": file.address.to_string(),
            "balance": file.balance.to_string(),
            "nonce": file.nonce,
            "height": file.height,
            "state_root": Hex32(root),
            "reason": verified.err().map(|error| error.to_string()),
        }))?;
    } else if let Err(error) = verified {
        let no = shell.ink(Ink::Bad, "does not hold");
        shell.line(format_args!("{no}: {error}"))?;
        shell.notice(format_args!("checked against {source}"));
    } else {
        let yes = shell.ink(Ink::Good, "holds");
        shell.line(format_args!(
            "{yes}: {} had {} after block {}",
            file.address,
            shown(file.balance),
            file.height
        ))?;
        shell.notice(format_args!("checked against {source}"));
    }
    Ok(match holds {
        true => Verdict::Good,
        false => Verdict::Refused,
    })
}

/// The root that Solana has recorded for the proof's height.
async fn recorded(file: &ProofFile, context: &Context<'_>) -> Result<(Digest, String), Error> {
    let program = match context.testnet() {
        Some(note) => note.program,
        None => file.program,
    };
    let rollup = context.solana()?.rollup(&program).await?;
    let root = rollup.root_at(file.height).ok_or_else(|| Error::NoRoot {
        height: file.height,
        newest: rollup.height(),
    })?;
    let source = format!(
        "the root of height {} that program {program} recorded on Solana in slot {}",
        root.height, root.slot
    );
    Ok((root.state_root, source))
}

fn read(path: &Path) -> Result<ProofFile, Error> {
    let bytes = context::read(path, "a proof", MAX_FILE_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Proof {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}
