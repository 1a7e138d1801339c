//! Random programs that compile.
//!
//! They use everything that code can do: all types, state of every shape, calls, choices, loops, early returns, failures,
//! payments, vaults and events. Most numbers are small, so that most calls get far; some are not, so that all kinds of
//! failures happen.

mod expr;

use super::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    Count,
    A,
    B,
    Asset,
    Duration,
    Time,
    Height,
    Bool,
    Address,
    Hash,
    Ratio,
    Wide,
    Bytes,
    P,
    E,
}

use Ty::*;

const ALL: [Ty; 15] = [
    Count, A, B, Asset, Duration, Time, Height, Bool, Address, Hash, Ratio, Wide, Bytes, P, E,
];

impl Ty {
    pub fn text(self) -> &'static str {
        match self {
            Count => "Count",
            A => "A",
            B => "B",
            Asset => "Asset",
            Duration => "Duration",
            Time => "Time",
            Height => "Height",
            Bool => "Bool",
            Address => "Address",
            Hash => "Hash",
            Ratio => "Ratio",
            Wide => "Wide<A*B>",
            Bytes => "Bytes<8>",
            P => "P",
            E => "E",
        }
    }

    fn unit(self) -> Option<&'static str> {
        match self {
            Count => Some(""),
            A => Some(" A"),
            B => Some(" B"),
            Asset => Some(" nASSET"),
            Duration => Some(" ms"),
            _ => None,
        }
    }
}

const HEAD: &str = "program random;

unit A;
unit B;

struct P { x: Count, y: A, flag: Bool, who: Address }

enum E { None, One { n: Count, b: Bytes<8> }, Two { a: A, t: Time } }

enum Plain { Red, Green, Blue }

state {
    n: Count,
    a: A,
    t: Time,
    k: Height,
    flag: Bool,
    who: Address,
    h: Hash,
    r: Ratio,
    z: Wide<A*B>,
    b: Bytes<8>,
    p: P,
    e: E,
    plain: Plain,
    m: map Count => Count,
    q: map Address => P,
    v: Vault,
    w: map Address => Vault,
    mm: map (Count, Address) => Count,
    ww: map (Address, Count) => Vault,
}

interface Other {
    entry put(n: Count) payable -> Asset;
    entry take(most: Asset) -> Count;
    view look(n: Count) -> Count;
}

error Small;
/// With a message.
error Large;

event Seen { n: Count, p: P, e: E, b: Bytes<8>, z: Wide<A*B> }

";

/// What random programs call.
pub const OTHER: &str = "program other;

state { n: Count, held: map Address => Vault }

error Odd;

entry put(n: Count) payable -> Asset {
    require n % 5 != 4 else Odd;
    state.n = state.n % 1_000 + n % 7;
    move payment to state.held[caller];
    state.held[caller]
}

entry take(most: Asset) -> Count {
    move min(most, state.held[caller]) from state.held[caller] to caller;
    state.n
}

view look(n: Count) -> Count { state.n + n % 10 }

invariant small: state.n < 1_005;
";

struct Fun {
    name: String,
    params: Vec<Ty>,
    result: Ty,
    writes: bool,
}

#[derive(Clone)]
struct Var {
    name: String,
    ty: Ty,
    mutable: bool,
}

/// Where code is being made.
struct Scope {
    vars: Vec<Var>,
    result: Ty,
    /// Whether state may change.
    writes: bool,
    caller: bool,
    payable: bool,
    in_loop: bool,
}

pub struct Generator {
    random: Random,
    functions: Vec<Fun>,
    next: usize,
}

/// A program, and the parameters of its entries.
pub struct Generated {
    pub source: String,
    pub entries: Vec<(String, Vec<Ty>, bool)>,
}

/// A program; `other` is an address to call, in base58.
pub fn program(seed: u64, other: &str) -> Generated {
    let mut generator = Generator {
        random: Random(seed),
        functions: Vec::new(),
        next: 0,
    };
    let mut source = format!("{HEAD}const OTHER: Address = address(\"{other}\");\n\n");
    for _ in 0..generator.random.below(4) {
        source.push_str(&generator.function());
    }
    let mut entries = Vec::new();
    for at in 0..1 + generator.random.below(3) {
        let payable = generator.random.below(2) == 0;
        let (text, params) = generator.entry(at, payable);
        source.push_str(&text);
        entries.push((format!("e{at}"), params, payable));
    }
    if generator.random.below(2) == 0 {
        source.push_str("invariant bounded: state.n < 1_000_000_000_000;\n");
    }
    Generated { source, entries }
}

impl Generator {
    fn name(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{}", self.next)
    }

    fn ty(&mut self) -> Ty {
        ALL[self.random.below(ALL.len())]
    }

    fn chance(&mut self, of: usize) -> bool {
        self.random.below(of) == 0
    }

    fn params(&mut self) -> (Vec<Ty>, Vec<Var>, String) {
        let types: Vec<Ty> = (0..self.random.below(4))
            .map(|_| self.ty())
            .filter(|ty| *ty != E)
            .collect();
        let vars: Vec<Var> = types
            .iter()
            .map(|ty| Var {
                name: self.name("p"),
                ty: *ty,
                mutable: false,
            })
            .collect();
        let text: Vec<String> = vars
            .iter()
            .map(|var| format!("{}: {}", var.name, var.ty.text()))
            .collect();
        (types, vars, text.join(", "))
    }

    fn function(&mut self) -> String {
        let (params, vars, text) = self.params();
        let (result, writes, name) = (self.ty(), self.chance(2), self.name("f"));
        let mut scope = Scope {
            vars,
            result,
            writes,
            caller: writes,
            payable: false,
            in_loop: false,
        };
        let body = self.body(&mut scope, 2);
        self.functions.push(Fun {
            name: name.clone(),
            params,
            result,
            writes,
        });
        format!("fn {name}({text}) -> {} {body}\n\n", result.text())
    }

    fn entry(&mut self, at: usize, payable: bool) -> (String, Vec<Ty>) {
        let (params, vars, text) = self.params();
        let result = self.ty();
        let mut scope = Scope {
            vars,
            result,
            writes: true,
            caller: true,
            payable,
            in_loop: false,
        };
        let mut body = self.body(&mut scope, 3);
        if payable && self.chance(8) {
            body = body.replacen('{', "{\n    move payment /down 3 from payment to state.v;\n", 1);
        } else if payable {
            let target = if self.chance(3) { "state.who" } else { "state.v" };
            body = body.replacen('{', &format!("{{\n    move payment to {target};\n"), 1);
            if self.chance(2) {
                body = body.replacen(
                    "move payment to",
                    "move payment /down 2 from payment to state.w[caller];\n    move payment to",
                    1,
                );
            }
        }
        let word = if payable { " payable" } else { "" };
        (
            format!("entry e{at}({text}){word} -> {} {body}\n\n", result.text()),
            params,
        )
    }

    fn body(&mut self, scope: &mut Scope, depth: usize) -> String {
        let outside = scope.vars.len();
        let mut text = "{\n".to_owned();
        for _ in 0..1 + self.random.below(4) {
            text.push_str(&self.stmt(scope, depth));
        }
        text.push_str(&self.expr(scope, scope.result, depth));
        text.push_str("\n}");
        scope.vars.truncate(outside);
        text
    }

    fn block(&mut self, scope: &mut Scope, depth: usize) -> String {
        let outside = scope.vars.len();
        let mut text = "{\n".to_owned();
        for _ in 0..1 + self.random.below(2) {
            text.push_str(&self.stmt(scope, depth));
        }
        text.push('}');
        scope.vars.truncate(outside);
        text
    }

    fn stmt(&mut self, scope: &mut Scope, depth: usize) -> String {
        let less = depth.saturating_sub(1);
        match self.random.below(15) {
            0..=2 => {
                let (ty, name, mutable) = (self.ty(), self.name("v"), !self.chance(3));
                let value = self.expr(scope, ty, depth);
                scope.vars.push(Var {
                    name: name.clone(),
                    ty,
                    mutable,
                });
                let word = if mutable { "let mut" } else { "let" };
                format!("{word} {name}: {} = {value};\n", ty.text())
            }
            3 | 4 => self.assign_local(scope, depth),
            5 if scope.writes => self.assign_state(scope, depth),
            6 if scope.writes => self.aliases(scope),
            7 if depth > 0 => {
                let condition = self.expr(scope, Bool, less);
                let then = self.block(scope, less);
                let otherwise = if self.chance(2) {
                    format!(" else {}", self.block(scope, less))
                } else {
                    String::new()
                };
                format!("if {condition} {then}{otherwise}\n")
            }
            8 if depth > 0 => {
                let (name, end) = (self.name("i"), 1 + self.random.below(4));
                let was = std::mem::replace(&mut scope.in_loop, true);
                scope.vars.push(Var {
                    name: name.clone(),
                    ty: Count,
                    mutable: false,
                });
                let body = self.block(scope, less);
                scope.vars.pop();
                scope.in_loop = was;
                format!("for {name} in 0..{end} {body}\n")
            }
            9 => {
                let condition = self.expr(scope, Bool, less);
                match self.random.below(4) {
                    0 if scope.in_loop => format!("if {condition} {{ break; }}\n"),
                    1 => {
                        let result = self.expr(scope, scope.result, 0);
                        format!("if {condition} {{ return {result}; }}\n")
                    }
                    2 => format!("if !({condition}) {{ fail Small; }}\n"),
                    _ => format!("require {condition} || state.n < 1_000 else Large;\n"),
                }
            }
            10 if scope.writes => self.money(scope, depth),
            11 if scope.writes => {
                let [n, p, e, b, z] = [Count, P, E, Bytes, Wide].map(|ty| self.expr(scope, ty, less));
                format!("emit Seen {{ e: {e}, n: {n}, z: {z}, p: {p}, b: {b} }};\n")
            }
            12 if scope.writes => self.foreign(scope, depth),
            13 if scope.writes => self.removal(scope),
            _ if depth > 0 => {
                let value = self.expr(scope, E, less);
                let [one, two] = [self.block(scope, less), self.block(scope, less)];
                format!("match ({value}) {{\nE.One => {one}\n_ => {two}\n}}\n")
            }
            _ => String::new(),
        }
    }

    fn assign_local(&mut self, scope: &mut Scope, depth: usize) -> String {
        let places: Vec<Var> = scope.vars.iter().filter(|var| var.mutable).cloned().collect();
        if places.is_empty() {
            return String::new();
        }
        let var = places[self.random.below(places.len())].clone();
        if var.ty == P && self.chance(2) {
            let value = self.expr(scope, A, depth);
            return format!("{}.y = {value};\n", var.name);
        }
        let value = self.expr(scope, var.ty, depth);
        let op = if var.ty.unit().is_some() && self.chance(2) {
            self.random.pick(&["+=", "-="])
        } else {
            "="
        };
        format!("{} {op} {value};\n", var.name)
    }

    fn assign_state(&mut self, scope: &mut Scope, depth: usize) -> String {
        let places: [(&str, Ty); 15] = [
            ("n", Count),
            ("a", A),
            ("t", Time),
            ("k", Height),
            ("flag", Bool),
            ("who", Address),
            ("h", Hash),
            ("r", Ratio),
            ("z", Wide),
            ("b", Bytes),
            ("p", P),
            ("e", E),
            ("p.x", Count),
            ("p.who", Address),
            ("n", Count),
        ];
        match self.random.below(7) {
            6 => {
                let [a, b, value] = [
                    self.expr(scope, Count, 0),
                    self.expr(scope, Address, 0),
                    self.expr(scope, Count, depth),
                ];
                let op = self.random.pick(&["=", "+="]);
                format!("state.mm[{a} % 3, {b}] {op} {value};\n")
            }
            0 => {
                let [key, value] = [self.expr(scope, Count, 1), self.expr(scope, Count, depth)];
                let op = self.random.pick(&["=", "+=", "-=", "*="]);
                format!("state.m[{key}] {op} {value};\n")
            }
            1 => {
                let [key, value] = [self.expr(scope, Address, 1), self.expr(scope, P, depth)];
                format!("state.q[{key}] = {value};\n")
            }
            2 => {
                let [key, value] = [self.expr(scope, Address, 0), self.expr(scope, A, depth)];
                format!("state.q[{key}].y += {value};\n")
            }
            3 => {
                let value = self.random.pick(&["Red", "Green", "Blue"]);
                format!("if state.plain != Plain.{value} {{ state.plain = Plain.{value}; }}\n")
            }
            _ => {
                let (place, ty) = places[self.random.below(places.len())];
                let value = self.expr(scope, ty, depth);
                format!("state.{place} = {value};\n")
            }
        }
    }

    /// Reads and writes of a map and a cell, one after the other, at keys that may be the same.
    fn aliases(&mut self, scope: &mut Scope) -> String {
        let keys = [
            self.expr(scope, Count, 0),
            self.expr(scope, Count, 0),
            "1".to_owned(),
        ];
        let mut text = String::new();
        for _ in 0..3 + self.random.below(5) {
            let key = format!("state.m[{} % 3]", keys[self.random.below(3)]);
            let other = format!("state.m[{} % 3]", keys[self.random.below(3)]);
            let more = self.random.below(9);
            let writers: Vec<usize> = (0..self.functions.len())
                .filter(|at| self.functions[*at].writes)
                .collect();
            text.push_str(&match self.random.below(9) {
                7 => format!("state.m.remove({} % 3);\n", keys[self.random.below(3)]),
                8 => format!(
                    "if state.m.has({} % 3) {{ {key} = {other} % 1_000; }}\n",
                    keys[self.random.below(3)]
                ),
                6 if !writers.is_empty() => {
                    let writer = writers[self.random.below(writers.len())];
                    let (name, ty) = (self.name("c"), self.functions[writer].result);
                    let call = self.call_of(scope, writer, 0);
                    scope.vars.push(Var {
                        name: name.clone(),
                        ty,
                        mutable: false,
                    });
                    format!("let {name} = {call};\n")
                }
                0 => format!("{key} = {more};\n"),
                1 => format!("{key} = {other} % 1_000 + {more};\n"),
                2 => format!("state.n = {key} % 1_000;\n"),
                3 => format!("state.n = {more};\n"),
                4 => format!("{key} = state.n % 1_000;\n"),
                _ => {
                    let name = self.name("m");
                    scope.vars.push(Var {
                        name: name.clone(),
                        ty: Count,
                        mutable: false,
                    });
                    format!("let {name} = {key};\n")
                }
            });
        }
        text
    }

    /// Takes something out of a map.
    fn removal(&mut self, scope: &mut Scope) -> String {
        let [a, b] = [self.expr(scope, Count, 0), self.expr(scope, Address, 0)];
        match self.random.below(3) {
            0 => format!("state.q.remove({b});\n"),
            1 => format!("state.m.remove({a} % 3);\n"),
            _ => format!("state.mm.remove({a} % 3, {b});\n"),
        }
    }

    /// A call of another program, with or without money.
    fn foreign(&mut self, scope: &mut Scope, depth: usize) -> String {
        let address = if self.chance(12) { "state.who" } else { "OTHER" };
        let (from, to) = (self.vault(scope), self.vault(scope));
        let [n, amount] = [self.expr(scope, Count, depth), self.expr(scope, Asset, depth)];
        let (name, ty, call) = if self.chance(2) {
            let paying = match self.random.below(4) {
                0 => String::new(),
                1 => format!(" paying {amount} from {from}"),
                _ => format!(" paying min({amount}, {from}) from {from}"),
            };
            ("put", Asset, format!("put({n}){paying}"))
        } else {
            ("take", Count, format!("take({amount})"))
        };
        let into = if name == "take" || self.chance(4) {
            format!(" into {to}")
        } else {
            String::new()
        };
        let var = self.name("o");
        scope.vars.push(Var {
            name: var.clone(),
            ty,
            mutable: false,
        });
        format!("let {var} = Other({address}).{call}{into};\n")
    }

    fn vault(&mut self, scope: &mut Scope) -> String {
        let who = self.expr(scope, Address, 0);
        match self.random.below(if scope.payable { 5 } else { 4 }) {
            0 => format!("state.w[{who}]"),
            1 => format!("state.ww[{who}, 1]"),
            4 => "payment".to_owned(),
            _ => "state.v".to_owned(),
        }
    }

    fn money(&mut self, scope: &mut Scope, depth: usize) -> String {
        let who = self.expr(scope, Address, 1);
        let vault = |generator: &mut Self, who: &str| match generator.random.below(2) {
            0 => "state.v".to_owned(),
            _ => format!("state.w[{who}]"),
        };
        let (from, to) = (vault(self, &who), vault(self, &who));
        let to = if self.chance(3) {
            "state.who".to_owned()
        } else {
            to
        };
        if self.chance(2) {
            return format!("move {from} to {to};\n");
        }
        let amount = self.expr(scope, Asset, depth);
        format!("move min({amount}, {from}) from {from} to {to};\n")
    }
}
