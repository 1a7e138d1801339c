//! `asset deploy`, `asset call`, `asset view`, `asset program`

use std::path::Path;

use assetvm::{Action, Address, Amount, Gas, SigningKey, program_address};
use client::{
    Chain, Client, Estimate,
    rpc::types::{FunctionView, ProgramView},
};
use curve_lang::Options;
use curvevm::{Program, encode_values};
use serde_json::json;

use super::{receipt, send};
use crate::{
    Error, Shell, Verdict,
    cli::Send,
    context::{self, Context},
    words::{self, shown},
};

/// Most bytes of a source or of bytecode.
const MAX_FILE_BYTES: u64 = 256 << 10;
/// The first bytes of bytecode.
const MAGIC: &[u8] = b"CURV";

/// A program to put on the chain.
pub struct Deployment<'a> {
    pub file: &'a Path,
    pub words: &'a [String],
    pub upgradeable: bool,
    pub payment: Amount,
    pub gas: Option<u64>,
}

/// An entry to call.
pub struct Call<'a> {
    pub program: Address,
    pub entry: &'a str,
    pub words: &'a [String],
    pub payment: Amount,
    pub gas: Option<u64>,
}

pub async fn deploy(
    deployment: &Deployment<'_>,
    send: &Send,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let program = read(deployment.file)?;
    let key = context.key()?;
    let functions: Vec<_> = program.functions.iter().filter_map(FunctionView::of).collect();
    let constructor = functions.iter().find(|function| function.kind == "init");
    let nothing = FunctionView {
        name: "init".into(),
        kind: "init".into(),
        payable: false,
        params: Vec::new(),
        results: Vec::new(),
    };
    let args = words::arguments(
        constructor.unwrap_or(&nothing),
        deployment.words,
        Some(key.address()),
    )?;
    let action = Action::Deploy {
        code: program.encode(),
        upgradeable: deployment.upgradeable,
        args: encode_values(&args),
        payment: deployment.payment,
        gas: Gas(deployment.gas.unwrap_or_default()),
    };
    let (client, chain) = context.chain().await?;
    let action = with_gas(&client, &chain, &key, action, deployment.gas).await?;
    let transaction = send::sign(&client, &chain, &key, action, send).await?;
    let address = program_address(&key.address(), transaction.body.nonce);
    send::follow(&client, &transaction, send, shell, Some(address)).await
}

fn read(path: &Path) -> Result<Program, Error> {
    let bytes = context::read(path, "a program", MAX_FILE_BYTES)?;
    let refused = |reason: String| Error::Bytecode {
        path: path.to_owned(),
        reason,
    };
    if bytes.starts_with(MAGIC) {
        return Program::decode(&bytes).map_err(|error| refused(error.to_string()));
    }
    let source = String::from_utf8(bytes).map_err(|error| refused(error.to_string()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let options = Options {
        file: name.into_owned(),
        ..Options::default()
    };
    match curve_lang::compile(&source, &options) {
        Ok(artifact) => Ok(artifact.program),
        Err(diagnostics) => Err(Error::Compile {
            path: path.to_owned(),
            reason: diagnostics.to_string(),
        }),
    }
}

pub async fn call(
    call: &Call<'_>,
    send: &Send,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let key = context.key()?;
    let (client, chain) = context.chain().await?;
    let action = action(call, &client, key.address()).await?;
    let action = with_gas(&client, &chain, &key, action, call.gas).await?;
    let transaction = send::sign(&client, &chain, &key, action, send).await?;
    send::follow(&client, &transaction, send, shell, None).await
}

pub async fn dry_run(call: &Call<'_>, context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    let sender = context.key()?.address();
    let (client, chain) = context.chain().await?;
    let action = action(call, &client, sender).await?;
    let estimate = client.estimate(&chain, sender, action).await?;
    show_estimate(&estimate, shell)
}

fn show_estimate(estimate: &Estimate, shell: &mut Shell) -> Result<Verdict, Error> {
    let receipt = &estimate.receipt;
    let verdict = match receipt.failure {
        None => Verdict::Good,
        Some(_) => Verdict::Refused,
    };
    if shell.is_json() {
        shell.json(&json!({ "gas": estimate.gas.0, "fee": estimate.fee.to_string(), "receipt": receipt }))?;
        return Ok(verdict);
    }
    receipt::receipt(receipt, shell)?;
    shell.notice(format_args!(
        "nothing was sent; with --gas {} it costs {}",
        estimate.gas.0,
        shown(estimate.fee)
    ));
    Ok(verdict)
}

/// The call that the words mean.
async fn action(call: &Call<'_>, client: &Client, sender: Address) -> Result<Action, Error> {
    let program = client.program(&call.program).await?;
    let entry = function(&program, "entry", call.entry)?;
    let args = words::arguments(entry, call.words, Some(sender))?;
    Ok(Action::Call {
        program: call.program,
        entry: call.entry.to_owned(),
        args: encode_values(&args),
        payment: call.payment,
        gas: Gas(call.gas.unwrap_or_default()),
    })
}

/// The action with the gas that it needs, unless the person has said how much.
async fn with_gas(
    client: &Client,
    chain: &Chain,
    key: &SigningKey,
    action: Action,
    said: Option<u64>,
) -> Result<Action, Error> {
    if said.is_some() {
        return Ok(action);
    }
    let estimate = client.estimate(chain, key.address(), action.clone()).await?;
    Ok(estimate.allow(action))
}

fn function<'a>(program: &'a ProgramView, kind: &'static str, name: &str) -> Result<&'a FunctionView, Error> {
    let of_kind = || program.functions.iter().filter(|function| function.kind == kind);
    let found = of_kind().find(|function| function.name == name);
    found.ok_or_else(|| Error::NoFunction {
        program: program.name.clone(),
        kind,
        got: name.to_owned(),
        known: of_kind().map(words::signature).collect(),
    })
}

pub async fn view(
    program: &Address,
    name: &str,
    given: &[String],
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let client = context.client()?;
    let known = client.program(program).await?;
    let view = function(&known, "view", name)?;
    let me = context.key().ok().map(|key| key.address());
    let args = words::arguments(view, given, me)?;
    let answer = client.view(program, name, &encode_values(&args)).await?;
    if shell.is_json() {
        shell.json(&answer)?;
        return Ok(Verdict::Good);
    }
    for value in &answer.values {
        shell.line(words::text(value))?;
    }
    Ok(Verdict::Good)
}

pub async fn show(program: &Address, context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    let (client, chain) = context.chain().await?;
    let proven = client.proven_program(&chain, program).await?;
    let view = &proven.view;
    if shell.is_json() {
        shell.json(view)?;
        return Ok(Verdict::Good);
    }
    shell.fact("program", format_args!("{} ({})", view.address, view.name))?;
    shell.fact("code", view.code_hash)?;
    match &view.authority {
        Some(authority) => shell.fact(
            "authority",
            format_args!("{} may upgrade and close it", authority.0),
        )?,
        None => shell.fact("authority", "nobody: it stays what it is for good")?,
    }
    shell.fact("owns", shown(view.balance))?;
    shell.fact("stores", format_args!("{} entries", view.entries))?;
    for function in &view.functions {
        let payable = if function.payable { ", takes a payment" } else { "" };
        let signature = words::signature(function);
        shell.fact(&function.kind, format_args!("{signature}{payable}"))?;
    }
    shell.notice(format_args!(
        "code, authority and entries are proven at height {}",
        proven.at.header.height
    ));
    Ok(Verdict::Good)
}
