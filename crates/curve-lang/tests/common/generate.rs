//! Random programs that compile.
//!
//! They use everything that code can do: all types, state of every shape, calls, choices, loops, early returns, failures,
//! payments, vaults and events. Most numbers are small, so that most calls get far; some are not, so that all kinds of
//! failures happen.

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
}

error Small;
/// With a message.
error Large;

event Seen { n: Count, p: P, e: E, b: Bytes<8>, z: Wide<A*B> }

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

pub fn program(seed: u64) -> Generated {
    let mut generator = Generator {
        random: Random(seed),
        functions: Vec::new(),
        next: 0,
    };
    let mut source = HEAD.to_owned();
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
        if payable {
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
        match self.random.below(13) {
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
            5 | 6 if scope.writes => self.assign_state(scope, depth),
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
        match self.random.below(6) {
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

    fn number(&mut self) -> String {
        match self.random.below(12) {
            0 => "0".to_owned(),
            1 => "18446744073709551615".to_owned(),
            2 => self.random.next().to_string(),
            3 => (self.random.next() >> 32).to_string(),
            _ => (1 + self.random.below(20)).to_string(),
        }
    }

    /// An expression of a type.
    fn expr(&mut self, scope: &mut Scope, ty: Ty, depth: usize) -> String {
        if depth == 0 || self.chance(4) {
            return self.leaf(scope, ty);
        }
        let less = depth - 1;
        match self.random.below(10) {
            0 => {
                let condition = self.expr(scope, Bool, less);
                let [then, otherwise] = [self.expr(scope, ty, less), self.expr(scope, ty, less)];
                return format!("(if {condition} {{ {then} }} else {{ {otherwise} }})");
            }
            1 => {
                let value = self.expr(scope, E, less);
                let none = self.expr(scope, ty, less);
                let (one_pattern, one) = self.arm(scope, ty, less, "One", "n", Count);
                let (two_pattern, two) = self.arm(scope, ty, less, "Two", "a", A);
                let two = if self.chance(6) {
                    "fail Small".to_owned()
                } else {
                    two
                };
                return format!(
                    "(match ({value}) {{ E.None => {none}, {one_pattern} => {one}, {two_pattern} => {two} }})"
                );
            }
            2 => {
                if let Some(call) = self.call(scope, ty, less) {
                    return call;
                }
            }
            3 => {
                let name = self.name("l");
                let inner = self.ty();
                let value = self.expr(scope, inner, less);
                scope.vars.push(Var {
                    name: name.clone(),
                    ty: inner,
                    mutable: false,
                });
                let result = self.expr(scope, ty, less);
                scope.vars.pop();
                return format!("({{ let {name}: {} = {value}; {result} }})", inner.text());
            }
            _ => {}
        }
        self.operation(scope, ty, less)
    }

    /// An arm that takes out a field, if its name is free.
    fn arm(
        &mut self,
        scope: &mut Scope,
        ty: Ty,
        depth: usize,
        variant: &str,
        field: &str,
        inner: Ty,
    ) -> (String, String) {
        if scope.vars.iter().any(|var| var.name == field) {
            return (format!("E.{variant}"), self.expr(scope, ty, depth));
        }
        scope.vars.push(Var {
            name: field.to_owned(),
            ty: inner,
            mutable: false,
        });
        let value = self.expr(scope, ty, depth);
        scope.vars.pop();
        (format!("E.{variant} {{ {field} }}"), value)
    }

    fn call(&mut self, scope: &mut Scope, ty: Ty, depth: usize) -> Option<String> {
        let found: Vec<usize> = (0..self.functions.len())
            .filter(|at| self.functions[*at].result == ty && (scope.writes || !self.functions[*at].writes))
            .collect();
        let at = *found.get(self.random.below(found.len().max(1)))?;
        let (name, params) = (self.functions[at].name.clone(), self.functions[at].params.clone());
        let args: Vec<String> = params.iter().map(|ty| self.expr(scope, *ty, depth)).collect();
        Some(format!("{name}({})", args.join(", ")))
    }

    fn operation(&mut self, scope: &mut Scope, ty: Ty, d: usize) -> String {
        let mut of = |generator: &mut Self, ty: Ty| generator.expr(scope, ty, d);
        match ty {
            Count | A | B | Asset | Duration => self.arithmetic(scope, ty, d),
            Time => match self.random.below(3) {
                0 => format!("({} + {})", of(self, Time), of(self, Duration)),
                1 => format!("({} - {})", of(self, Time), of(self, Duration)),
                _ => format!("max({}, {})", of(self, Time), of(self, Time)),
            },
            Height => format!("({} + {})", of(self, Height), of(self, Count)),
            Bool => self.condition(scope, d),
            Hash => match self.random.below(3) {
                0 => format!("sha256({}, {})", of(self, P), of(self, Bytes)),
                1 => format!("sha256({}, {})", of(self, Hash), of(self, Hash)),
                _ => format!("sha256({}, {}, {})", of(self, E), of(self, Ratio), of(self, Bool)),
            },
            Ratio => match self.random.below(8) {
                0 => format!("({} + {})", of(self, Ratio), of(self, Ratio)),
                1 => format!("({} - {})", of(self, Ratio), of(self, Ratio)),
                2 => format!("mul_down({}, {})", of(self, Ratio), of(self, Ratio)),
                3 => format!("div_up({}, {})", of(self, Ratio), of(self, Ratio)),
                4 => format!("pow_down({}, {} % 9)", of(self, Ratio), of(self, Count)),
                5 => format!("pow_up({}, {} % 5)", of(self, Ratio), of(self, Count)),
                6 => format!("ratio_up({}, {})", of(self, A), of(self, A)),
                _ => format!("ratio_down({}, {})", of(self, Count), of(self, Count)),
            },
            Wide => match self.random.below(6) {
                0 => format!("({} + {})", of(self, Wide), of(self, Wide)),
                1 => format!("({} - {})", of(self, Wide), of(self, Wide)),
                2 => format!("min({}, {})", of(self, Wide), of(self, Wide)),
                3 => format!("mul_div_up({0}, {1}, {1})", of(self, Wide), of(self, Wide)),
                4 => format!("product({}, {})", of(self, Wide), of(self, Count)),
                _ => format!("product({}, {})", of(self, A), of(self, B)),
            },
            P => {
                let [x, y, flag, who] = [Count, A, Bool, Address].map(|ty| of(self, ty));
                format!("P {{ y: {y}, x: {x}, flag: {flag}, who: {who} }}")
            }
            E => match self.random.below(3) {
                0 => "E.None".to_owned(),
                1 => format!("E.One {{ b: {}, n: {} }}", of(self, Bytes), of(self, Count)),
                _ => format!("E.Two {{ a: {}, t: {} }}", of(self, A), of(self, Time)),
            },
            Address | Bytes => self.leaf(scope, ty),
        }
    }

    fn arithmetic(&mut self, scope: &mut Scope, ty: Ty, d: usize) -> String {
        let mut of = |generator: &mut Self, ty: Ty| generator.expr(scope, ty, d);
        let (a, b) = (of(self, ty), of(self, ty));
        match self.random.below(17) {
            0 | 1 => format!("({a} + {b})"),
            2 => format!("({a} - {b})"),
            3 => format!("({a} % {b})"),
            4 => format!("({a} * {})", of(self, Count)),
            5 => format!("({} * {a})", of(self, Count)),
            6 => format!("({a} /down {})", of(self, Count)),
            7 => format!("({a} /up {})", of(self, Count)),
            8 => format!("mul_div_down({a}, {b}, {})", of(self, ty)),
            9 => format!("mul_div_up({a}, {b}, {})", of(self, ty)),
            10 => format!("min({a}, {b})"),
            11 => format!("max({a}, {b})"),
            12 => format!("sub_or_zero({a}, {b})"),
            13 => format!(
                "mul_{}({a}, {})",
                self.random.pick(&["down", "up"]),
                of(self, Ratio)
            ),
            14 => format!(
                "div_{}({a}, {})",
                self.random.pick(&["down", "up"]),
                of(self, Ratio)
            ),
            15 => format!("sqrt_{}(product({a}, {b}))", self.random.pick(&["down", "up"])),
            _ => match ty {
                Count => match self.random.below(5) {
                    0 => format!("len({})", of(self, Bytes)),
                    1 => format!("floor({})", of(self, Ratio)),
                    2 => format!("ceil({})", of(self, Ratio)),
                    3 => format!("({} - {})", of(self, Height), of(self, Height)),
                    _ => format!("({} /down {})", of(self, B), of(self, B)),
                },
                A => format!(
                    "({} /{} {})",
                    of(self, Wide),
                    self.random.pick(&["down", "up"]),
                    of(self, B)
                ),
                Duration => format!("({} - {})", of(self, Time), of(self, Time)),
                Asset => format!("balance({})", of(self, Address)),
                _ => a,
            },
        }
    }

    fn condition(&mut self, scope: &mut Scope, d: usize) -> String {
        let mut of = |generator: &mut Self, ty: Ty| generator.expr(scope, ty, d);
        match self.random.below(8) {
            0 => format!("!({})", of(self, Bool)),
            1 => format!("({} && {})", of(self, Bool), of(self, Bool)),
            2 => format!("({} || {})", of(self, Bool), of(self, Bool)),
            3 => {
                let ty = [Bool, Address, Hash, Bytes][self.random.below(4)];
                let op = self.random.pick(&["==", "!="]);
                format!("({} {op} {})", of(self, ty), of(self, ty))
            }
            4 => format!("(state.plain {} Plain.Green)", self.random.pick(&["==", "!="])),
            _ => {
                let ty = [Count, A, Asset, Duration, Time, Height, Ratio, Wide][self.random.below(8)];
                let op = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({} {op} {})", of(self, ty), of(self, ty))
            }
        }
    }

    fn leaf(&mut self, scope: &mut Scope, ty: Ty) -> String {
        let vars: Vec<String> = scope
            .vars
            .iter()
            .filter(|var| var.ty == ty)
            .map(|var| var.name.clone())
            .collect();
        if !vars.is_empty() && !self.chance(3) {
            return vars[self.random.below(vars.len())].clone();
        }
        if let Some(unit) = ty.unit().filter(|_| !self.chance(3)) {
            return format!("{}{unit}", self.number());
        }
        match ty {
            Count => {
                let key = self.random.below(5);
                self.random
                    .pick(&["state.n", "state.p.x", &format!("state.m[{key}]")])
                    .to_owned()
            }
            A => self
                .random
                .pick(&["state.a", "state.p.y", "state.q[state.who].y"])
                .to_owned(),
            B => format!("{} B", self.number()),
            Asset if scope.payable && self.chance(2) => "payment".to_owned(),
            Asset => self
                .random
                .pick(&["state.v", "state.w[state.who]", "state.w[self]"])
                .to_owned(),
            Duration => "5 seconds".to_owned(),
            Time => self.random.pick(&["now", "state.t"]).to_owned(),
            Height => self.random.pick(&["height", "state.k"]).to_owned(),
            Bool => self
                .random
                .pick(&["true", "false", "state.flag", "state.p.flag"])
                .to_owned(),
            Address if scope.caller && self.chance(2) => "caller".to_owned(),
            Address => self.random.pick(&["state.who", "self", "state.p.who"]).to_owned(),
            Hash => self
                .random
                .pick(&["state.h", "sha256(1)", "sha256(state.n)"])
                .to_owned(),
            Ratio => self
                .random
                .pick(&["state.r", "ratio_down(1, 3)", "ratio_up(7, 2)"])
                .to_owned(),
            Wide => self.random.pick(&["state.z", "product(3 A, 4 B)"]).to_owned(),
            Bytes => self
                .random
                .pick(&["state.b", "\"abc\"", "\"\\x00longer\""])
                .to_owned(),
            P => self
                .random
                .pick(&["state.p", "state.q[state.who]", "state.q[self]"])
                .to_owned(),
            E => self.random.pick(&["state.e", "E.None"]).to_owned(),
        }
    }
}
