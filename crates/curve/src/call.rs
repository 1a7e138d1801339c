//! Calls on a ledger in memory: what `run`, `trace` and `gas` share.
//!
//! ```text
//!  words of the command line ──words─▶ values        ─▶ MachineLedger ─▶ Answer ─▶ text or JSON
//!  the ledger's file ─────────state──▶ balances, storage ┘     └─▶ back to the file, if the call succeeded
//! ```

mod answer;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use curve_lang::{
    Artifact,
    hir::FnId,
    machine::{MachineLedger, Receipt},
    reference::{Ledger as _, account},
    syntax::ast::FunctionKind,
    testing::{BLOCK_MS, own_address},
    types::Type,
    value::Value,
};
use curvevm::{Address, Gas, Step, Verified};

pub use self::answer::Answer;
use self::words::Word;
use crate::{Error, cli::CallOptions, fault::Failure, files::Source, shell::Shell, state::State};

/// Which function, with what.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its name.
    pub function: &'a str,
    /// Its arguments, as they were written.
    pub args: &'a [String],
    /// Everything else.
    pub options: &'a CallOptions,
}

/// A program on its ledger, where a call is about to be made.
pub struct Session<'a> {
    source: &'a Source,
    artifact: &'a Artifact,
    target: Target<'a>,
    function: FnId,
    code: Arc<Verified>,
    state: State,
    ledger: MachineLedger<'a>,
    /// Accounts that are called by a name here.
    names: BTreeMap<Address, String>,
}

impl<'a> Session<'a> {
    /// Reads the ledger, and sees whether such a call can be made on it.
    pub fn new(source: &'a Source, artifact: &'a Artifact, target: Target<'a>) -> Result<Self, Error> {
        let program = &artifact.hir;
        let code = artifact.program.clone().verify();
        let code = Arc::new(code.expect("the compiler emits what the verifier accepts"));
        let function = find(artifact, target.function)?;
        let state = match &target.options.state {
            Some(path) => State::read(path, &program.name)?,
            None => State::default(),
        };
        may_be_called(artifact, function, &state, &target)?;
        let own = own_address();
        let mut ledger = MachineLedger::new(program, code.clone(), own, state.time_ms, state.height);
        ledger.limit = Gas(target.options.gas_limit);
        state.load(&mut ledger.host, Address::new(own));
        let names = BTreeMap::from([(Address::new(own), program.name.clone())]);
        Ok(Self {
            source,
            artifact,
            target,
            function,
            code,
            state,
            ledger,
            names,
        })
    }

    /// The program as the machine runs it.
    pub const fn code(&self) -> &Arc<Verified> {
        &self.code
    }

    /// Makes the call, showing each instruction to whoever wants to see them, and says how it went.
    pub fn call(
        mut self,
        shell: &mut Shell,
        each: Option<&mut dyn FnMut(&Step)>,
    ) -> Result<Answer<'a>, Error> {
        self.set_the_clock(shell)?;
        self.give_money(shell)?;
        let caller = self.account(&self.target.options.caller)?;
        let payment = self.payment(shell)?;
        let args = self.args(shell)?;
        let before = self.ledger.host.balances.clone();
        let Receipt { gas, result } = match each {
            Some(each) => self.ledger.trace(self.function, &args, caller, payment, each),
            None => self.ledger.execute(self.function, &args, caller, payment),
        }?;
        let function = &self.artifact.hir.functions[self.function.index()];
        self.state.deployed |= function.kind == FunctionKind::Init && result.is_ok();
        self.state.save(&self.ledger.host, Address::new(own_address()));
        self.state.names.append(&mut self.names);
        Ok(Answer {
            program: &self.artifact.hir,
            function,
            args,
            gas,
            result: result.map_err(|fault| Failure::of(&fault, self.artifact, &self.source.text)),
            before,
            state: self.state,
        })
    }

    fn set_the_clock(&mut self, shell: &mut Shell) -> Result<(), Error> {
        let options = self.target.options;
        if let Some(time) = &options.time {
            match time.strip_prefix('+') {
                Some(passed) => {
                    let passed = self.amount("--time", Type::duration(), passed, shell)?;
                    self.ledger.advance(passed, passed / BLOCK_MS);
                }
                None => self.ledger.host.time_ms = number("--time", time)?,
            }
        }
        if let Some(height) = &options.height {
            self.ledger.host.height = match height.strip_prefix('+') {
                Some(more) => self.state.height.saturating_add(number("--height", more)?),
                None => number("--height", height)?,
            };
        }
        Ok(())
    }

    fn give_money(&mut self, shell: &mut Shell) -> Result<(), Error> {
        for fund in &self.target.options.fund {
            let (who, amount) = fund
                .split_once('=')
                .ok_or_else(|| Error::Fund { got: fund.clone() })?;
            let who = self.account(who.trim())?;
            let amount = self.amount("--fund", Type::asset(), amount, shell)?;
            let funded = self.ledger.fund(who, amount);
            funded.map_err(|failure| Error::Word {
                what: "--fund".to_owned(),
                failure,
            })?;
        }
        Ok(())
    }

    fn payment(&mut self, shell: &mut Shell) -> Result<u64, Error> {
        match &self.target.options.payment {
            Some(payment) => self.amount("--payment", Type::asset(), payment, shell),
            None => Ok(0),
        }
    }

    fn args(&mut self, shell: &mut Shell) -> Result<Vec<Value>, Error> {
        let params = &self.artifact.hir.functions[self.function.index()].locals;
        let mut words = Vec::new();
        for (text, param) in self.target.args.iter().zip(params) {
            words.push(Word {
                what: format!("the argument `{}`", param.name),
                ty: param.ty.clone(),
                text: self.argument(text, &param.ty),
            });
        }
        self.values(&words, shell)
    }

    fn amount(&mut self, what: &str, ty: Type, text: &str, shell: &mut Shell) -> Result<u64, Error> {
        let word = Word {
            what: what.to_owned(),
            ty,
            text: text.trim().to_owned(),
        };
        match self.values(&[word], shell)?.as_slice() {
            [Value::Number(n)] => Ok(*n),
            _ => Err(Error::Unusable {
                what: what.to_owned(),
            }),
        }
    }

    fn values(&mut self, words: &[Word], shell: &mut Shell) -> Result<Vec<Value>, Error> {
        words::read(
            words,
            &self.source.text,
            &self.artifact.hir,
            &mut self.ledger,
            shell,
        )
    }

    /// An account by its name or address.
    fn account(&mut self, text: &str) -> Result<[u8; 32], Error> {
        if let Ok(address) = text.parse::<Address>() {
            return Ok(*address.as_bytes());
        }
        if !is_name(text) {
            return Err(Error::Account { got: text.to_owned() });
        }
        let address = account(text.as_bytes());
        self.names.insert(Address::new(address), text.to_owned());
        Ok(address)
    }

    /// An argument as Curve has it. For an address, a plain name is an account, unless the program knows it.
    fn argument(&mut self, text: &str, ty: &Type) -> String {
        let mut consts = self.artifact.hir.consts.iter();
        let known = text == "self" || consts.any(|found| found.named.name == text);
        if *ty != Type::Address || known || self.account(text).is_err() {
            return text.to_owned();
        }
        let how = if text.parse::<Address>().is_ok() {
            "address"
        } else {
            "account"
        };
        format!("{how}(\"{text}\")")
    }
}

/// Most bytes of an account's name.
const MAX_NAME: usize = 64;

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits)
}

fn number(what: &'static str, text: &str) -> Result<u64, Error> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    digits.parse().map_err(|_| Error::Number {
        what,
        got: text.to_owned(),
    })
}

const fn is_callable(kind: FunctionKind) -> bool {
    matches!(
        kind,
        FunctionKind::Init | FunctionKind::Entry | FunctionKind::View
    )
}

fn find(artifact: &Artifact, name: &str) -> Result<FnId, Error> {
    let program = &artifact.hir;
    let found = program.find(|function| is_callable(function.kind) && function.named.name == name);
    found.ok_or_else(|| {
        let known = program
            .functions
            .iter()
            .filter(|function| is_callable(function.kind));
        Error::NoFunction {
            program: program.name.clone(),
            got: name.to_owned(),
            known: known
                .map(|function| format!("`{}`", function.named.name))
                .collect(),
        }
    })
}

/// Whether this is the time for it, and what it gets is as much as it takes.
fn may_be_called(artifact: &Artifact, id: FnId, state: &State, target: &Target) -> Result<(), Error> {
    let hir = &artifact.hir;
    let function = &hir.functions[id.index()];
    let program = hir.name.clone();
    let is_init = function.kind == FunctionKind::Init;
    if is_init && state.deployed {
        return Err(Error::Deployed { program });
    }
    if !is_init && hir.init().is_some() && !state.deployed {
        return Err(Error::NotDeployed { program });
    }
    let name = &function.named.name;
    if function.kind == FunctionKind::View && target.options.payment.is_some() {
        return Err(Error::ViewPayment { name: name.clone() });
    }
    let (expected, got) = (usize::from(function.params), target.args.len());
    if got != expected {
        let params = function.locals.iter().take(expected);
        let params = params.map(|local| format!("{}: {}", local.name, hir.show(&local.ty)));
        let params: Vec<String> = params.collect();
        let signature = format!("{name}({})", params.join(", "));
        return Err(Error::Arguments {
            signature,
            expected,
            got,
        });
    }
    Ok(())
}
