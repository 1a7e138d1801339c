//! Scripts of tests.

use super::{
    Event, Failure, Ledger, Transaction,
    eval::{Eval, Flow, Result},
};
use crate::{
    hir::{self, Call, EventId, Expr, ExprKind, LocalId, Program, Stmt, StmtKind},
    show::{show_fields, show_value},
    span::Span,
    testing::BLOCK_MS,
    types::Type,
    value::Value,
};

/// Most attempts to make a failing case smaller.
const MAX_SHRINKS: usize = 400;

/// Why a test fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptFailure {
    pub span: Span,
    pub message: String,
    /// The values of `for all`, if one failed.
    pub case: Vec<(String, String)>,
}

/// Runs a script.
pub(crate) struct Script<'a, L> {
    program: &'a Program,
    locals: &'a [hir::Local],
    ledger: L,
    values: Vec<Value>,
    deployed: bool,
    /// How many events of the last transaction the script has gone through.
    expected: usize,
    cases: u32,
    random: Random,
    steps: u64,
    /// Cases that were run.
    pub ran: u64,
}

type Outcome<T> = std::result::Result<T, Box<ScriptFailure>>;

impl<'a, L: Ledger> Script<'a, L> {
    pub fn new(
        program: &'a Program,
        locals: &'a [hir::Local],
        ledger: L,
        cases: u32,
        seed: u64,
        steps: u64,
    ) -> Self {
        let values = vec![Value::Nothing; locals.len()];
        Self {
            program,
            locals,
            ledger,
            values,
            deployed: false,
            expected: 0,
            cases,
            random: Random(seed),
            steps,
            ran: 0,
        }
    }

    /// Runs a block.
    pub fn run(&mut self, body: &Expr) -> Outcome<()> {
        match &body.kind {
            ExprKind::Block(stmts, value) => {
                for stmt in stmts {
                    self.stmt(stmt)?;
                }
                if let Some(value) = value {
                    self.effect(value)?;
                }
                Ok(())
            }
            _ => self.effect(body).map(|_| ()),
        }
    }

    fn stmt(&mut self, stmt: &Stmt) -> Outcome<()> {
        match &stmt.kind {
            StmtKind::Script(script) => self.script(script, stmt.span),
            StmtKind::Expr(value) => self.effect(value).map(|_| ()),
            StmtKind::Let(names, value) if matches!(value.kind, ExprKind::Transact(_)) => {
                let value = self.effect(value)?;
                if let [name] = names.as_slice() {
                    self.values[name.index()] = value;
                }
                Ok(())
            }
            StmtKind::For(local, low, high, body) => {
                for value in *low..*high {
                    self.values[local.index()] = Value::Number(value);
                    self.spend(stmt.span)?;
                    self.run(body)?;
                }
                Ok(())
            }
            _ => self.eval(stmt.span, |eval| eval.stmt(stmt)),
        }
    }

    fn spend(&mut self, span: Span) -> Outcome<()> {
        match self.steps.checked_sub(1) {
            Some(rest) => {
                self.steps = rest;
                Ok(())
            }
            None => Err(fail(span, "this test takes too many steps")),
        }
    }

    /// An expression that may call the program.
    fn effect(&mut self, expr: &Expr) -> Outcome<Value> {
        match &expr.kind {
            ExprKind::Transact(call) => self.transact(call, expr.span),
            ExprKind::Block(..) => self.run(expr).map(|()| Value::Nothing),
            ExprKind::If(condition, then, otherwise) => {
                let holds = self.eval(condition.span, |eval| eval.truth(condition))?;
                match (holds, otherwise) {
                    (true, _) => self.effect(then),
                    (false, Some(otherwise)) => self.effect(otherwise),
                    (false, None) => Ok(Value::Nothing),
                }
            }
            _ => self.eval(expr.span, |eval| eval.expr(expr)),
        }
    }

    fn eval<T>(&mut self, span: Span, run: impl FnOnce(&mut Eval<'_, L>) -> Result<T>) -> Outcome<T> {
        self.deploy_plain(span)?;
        let mut eval = Eval::new(self.program, &mut self.ledger, 0, self.steps);
        std::mem::swap(&mut eval.locals, &mut self.values);
        let result = run(&mut eval);
        std::mem::swap(&mut eval.locals, &mut self.values);
        self.steps = eval.steps;
        result.map_err(|flow| fail(span, &describe(self.program, &flow)))
    }

    /// A program without `init` is deployed when it is first needed.
    fn deploy_plain(&mut self, span: Span) -> Outcome<()> {
        if self.deployed || self.program.init().is_some() {
            return Ok(());
        }
        self.deployed = true;
        let transaction = Transaction {
            function: None,
            args: Vec::new(),
            from: [0; 32],
            payment: 0,
        };
        let result = self.ledger.transact(transaction);
        result
            .map(|_| ())
            .map_err(|failure| fail(span, &describe(self.program, &Flow::Fail(failure))))
    }

    fn script(&mut self, script: &hir::Script, span: Span) -> Outcome<()> {
        match script {
            hir::Script::Fund(who, amount) => {
                let (who, amount) = self.eval(span, |eval| Ok((eval.address(who)?, eval.number(amount)?)))?;
                self.ledger
                    .fund(who, amount)
                    .map_err(|_| fail(span, "there is too much money"))
            }
            hir::Script::Deploy(call) => {
                if std::mem::replace(&mut self.deployed, true) {
                    return Err(fail(span, "the program is deployed already"));
                }
                self.transact(call, span).map(|_| ())
            }
            hir::Script::Advance(value) => {
                let amount = self.eval(span, |eval| eval.number(value))?;
                let (time, blocks) = if value.ty == Type::COUNT {
                    (amount.saturating_mul(BLOCK_MS), amount)
                } else {
                    (amount, amount / BLOCK_MS)
                };
                self.ledger.advance(time, blocks);
                Ok(())
            }
            hir::Script::Assert(condition) => self.assert(condition),
            hir::Script::Expect(event, fields) => self.expect(*event, fields, span),
            hir::Script::ExpectNone => match self.ledger.events().get(self.expected) {
                Some(event) => {
                    let announced = self.show_event(event);
                    Err(fail(span, &format!("this was announced: {announced}")))
                }
                None => Ok(()),
            },
            hir::Script::ForAll(ranges, body) => self.for_all(ranges, body),
        }
    }

    fn transact(&mut self, call: &Call, span: Span) -> Outcome<Value> {
        let transaction = self.eval_call(call, span)?;
        self.spend(span)?;
        self.expected = 0;
        let result = self.ledger.transact(transaction);
        match (result, call.fails) {
            (Ok(value), None) => Ok(value),
            (Ok(_), Some(_)) => Err(fail(span, "this succeeds, and should fail")),
            (Err(failure), None) => Err(fail(span, &describe(self.program, &Flow::Fail(failure)))),
            (Err(failure), Some(wanted)) if agrees(failure, wanted) => Ok(Value::Nothing),
            (Err(failure), Some(_)) => {
                let how = describe(self.program, &Flow::Fail(failure));
                Err(fail(span, &format!("this fails in another way: {how}")))
            }
        }
    }

    fn eval_call(&mut self, call: &Call, span: Span) -> Outcome<Transaction> {
        if !self.deployed && self.program.init().is_some() {
            return Err(fail(
                span,
                "the program is not deployed yet: `deploy(…) from account;`",
            ));
        }
        let evaluate = |eval: &mut Eval<'_, L>| {
            let args = eval.exprs(&call.args)?;
            let from = eval.address(&call.from)?;
            let payment = call.paying.as_ref().map_or(Ok(0), |amount| eval.number(amount))?;
            Ok(Transaction {
                function: call.function,
                args,
                from,
                payment,
            })
        };
        self.eval(span, evaluate)
    }

    fn assert(&mut self, condition: &Expr) -> Outcome<()> {
        if self.eval(condition.span, |eval| eval.truth(condition))? {
            return Ok(());
        }
        let mut message = "this does not hold".to_owned();
        if let ExprKind::Binary(op, a, b) = &condition.kind
            && op.is_comparison()
        {
            let sides = self.eval(condition.span, |eval| Ok((eval.expr(a)?, eval.expr(b)?)));
            if let Ok((left, right)) = sides {
                let (left, right) = (self.show(&left, &a.ty), self.show(&right, &b.ty));
                message = format!("this does not hold: {left} {} {right}", op.text());
            }
        }
        Err(fail(condition.span, &message))
    }

    /// The next event of the last transaction is this one.
    fn expect(&mut self, id: EventId, fields: &[(u16, Expr)], span: Span) -> Outcome<()> {
        let wanted = self.eval(span, |eval| {
            let values = fields.iter().map(|(at, value)| Ok((*at, eval.expr(value)?)));
            values.collect::<Result<Vec<(u16, Value)>>>()
        })?;
        let Some(event) = self.ledger.events().get(self.expected).cloned() else {
            return Err(fail(span, "nothing more was announced"));
        };
        self.expected = self.expected.saturating_add(1);
        let same = |(at, value): &(u16, Value)| event.fields.get(usize::from(*at)) == Some(value);
        if event.event == id && wanted.iter().all(same) {
            return Ok(());
        }
        let announced = self.show_event(&event);
        Err(fail(span, &format!("this was announced: {announced}")))
    }

    fn show_event(&self, event: &Event) -> String {
        let Some(kind) = self.program.events.get(event.event.index()) else {
            return "another event".to_owned();
        };
        let fields = show_fields(&event.fields, &kind.fields, self.program);
        format!("{} {fields}", kind.named.name)
    }

    fn show(&self, value: &Value, ty: &Type) -> String {
        show_value(value, ty, self.program)
    }

    fn for_all(&mut self, ranges: &[(LocalId, Type, u64, u64)], body: &Expr) -> Outcome<()> {
        self.deploy_plain(body.span)?;
        for at in 0..self.cases {
            let case = self.case(ranges, at);
            if let Err(failure) = self.try_case(ranges, &case, body) {
                return Err(self.shrink(ranges, case, body, failure));
            }
        }
        Ok(())
    }

    /// The first cases are the ends, the others anything between, of every magnitude.
    fn case(&mut self, ranges: &[(LocalId, Type, u64, u64)], at: u32) -> Vec<u64> {
        let pick = |random: &mut Random, low: u64, high: u64| match at {
            0 => low,
            1 => high.saturating_sub(1).max(low),
            _ => random.between(low, high),
        };
        ranges
            .iter()
            .map(|(_, _, low, high)| pick(&mut self.random, *low, *high))
            .collect()
    }

    fn try_case(&mut self, ranges: &[(LocalId, Type, u64, u64)], case: &[u64], body: &Expr) -> Outcome<()> {
        self.ran = self.ran.saturating_add(1);
        let before = (
            self.ledger.clone(),
            self.values.clone(),
            self.deployed,
            self.expected,
        );
        for ((local, ..), value) in ranges.iter().zip(case) {
            self.values[local.index()] = Value::Number(*value);
        }
        let result = self.run(body);
        (self.ledger, self.values, self.deployed, self.expected) = before;
        result
    }

    /// The smallest case found that fails, too.
    fn shrink(
        &mut self,
        ranges: &[(LocalId, Type, u64, u64)],
        mut case: Vec<u64>,
        body: &Expr,
        mut failure: Box<ScriptFailure>,
    ) -> Box<ScriptFailure> {
        let mut left = MAX_SHRINKS;
        let mut at = 0;
        while at < ranges.len() && left > 0 {
            let (low, value) = (ranges[at].2, case[at]);
            let mut smaller = false;
            for step in steps(value.saturating_sub(low)).take(left) {
                left = left.saturating_sub(1);
                let mut next = case.clone();
                next[at] = value.saturating_sub(step);
                if let Err(other) = self.try_case(ranges, &next, body) {
                    (case, failure, smaller) = (next, other, true);
                    break;
                }
            }
            at = if smaller { 0 } else { at.saturating_add(1) };
        }
        let named = ranges.iter().zip(&case).map(|((local, ty, ..), value)| {
            (
                self.locals[local.index()].name.clone(),
                self.show(&Value::Number(*value), ty),
            )
        });
        let mut all: Vec<(String, String)> = named.collect();
        all.append(&mut failure.case);
        failure.case = all;
        failure
    }
}

/// Ways down, the longest first: all of the distance, half of it, and so on. One less than each, too, for what fails only
/// for odd values or only for even ones.
fn steps(distance: u64) -> impl Iterator<Item = u64> {
    let halves = std::iter::successors(Some(distance), |step| Some(step / 2));
    let halves = halves.take_while(|step| *step > 0);
    halves
        .flat_map(|step| [step, step.saturating_sub(1)])
        .filter(|step| *step > 0)
}

fn fail(span: Span, message: &str) -> Box<ScriptFailure> {
    Box::new(ScriptFailure {
        span,
        message: message.to_owned(),
        case: Vec::new(),
    })
}

fn agrees(failure: Failure, wanted: hir::Failure) -> bool {
    match wanted {
        hir::Failure::Any => true,
        hir::Failure::Error(id) => failure == Failure::Error(id),
        hir::Failure::Overflow => failure == Failure::Overflow,
        hir::Failure::DivisionByZero => failure == Failure::DivisionByZero,
        hir::Failure::OutOfRange => failure == Failure::OutOfRange,
        hir::Failure::NotPayable => failure == Failure::NotPayable,
        hir::Failure::Invariant => matches!(failure, Failure::Invariant(_)),
    }
}

fn describe(program: &Program, flow: &Flow) -> String {
    match flow {
        Flow::Fail(Failure::Error(id)) => match program.errors.get(id.index()) {
            Some(error) if error.docs.is_empty() => format!("fails with `{}`", error.name),
            Some(error) => format!("fails with `{}`: {}", error.name, error.docs),
            None => "fails".to_owned(),
        },
        Flow::Fail(Failure::Invariant(at)) => match program.invariants.get(*at) {
            Some(invariant) => format!("the invariant `{}` does not hold", invariant.named.name),
            None => "an invariant does not hold".to_owned(),
        },
        Flow::Fail(failure) => format!("fails: {failure}"),
        Flow::Break | Flow::Return(_) | Flow::Impossible => "cannot be evaluated".to_owned(),
    }
}

/// Splitmix64: tests are repeatable.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to before `high`: often near an end, and of all magnitudes.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        let size = high.saturating_sub(low).max(1);
        let bits = self.next() % 65;
        let mask = 1u64
            .checked_shl(u32::try_from(bits).unwrap_or(64))
            .map_or(u64::MAX, |bit| bit.wrapping_sub(1));
        let offset = (self.next() & mask) % size;
        match self.next() % 4 {
            0 => low.saturating_add(size.saturating_sub(1).saturating_sub(offset)),
            _ => low.saturating_add(offset),
        }
    }
}
