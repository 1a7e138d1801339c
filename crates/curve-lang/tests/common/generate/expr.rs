//! Random expressions.

use super::{
    Generator, Scope, Ty,
    Ty::{A, Address, Asset, B, Bool, Bytes, Count, Duration, E, Hash, Height, P, Ratio, Time, Wide},
    Var,
};

impl Generator {
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
    pub(super) fn expr(&mut self, scope: &mut Scope, ty: Ty, depth: usize) -> String {
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
        Some(self.call_of(scope, at, depth))
    }

    /// A call of this function.
    pub(super) fn call_of(&mut self, scope: &mut Scope, at: usize, depth: usize) -> String {
        let (name, params) = (self.functions[at].name.clone(), self.functions[at].params.clone());
        let args: Vec<String> = params.iter().map(|ty| self.expr(scope, *ty, depth)).collect();
        format!("{name}({})", args.join(", "))
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
                6 => format!("ratio_up({}, {})", of(self, A), self.divisor(scope, A, d)),
                _ => format!(
                    "ratio_down({}, {})",
                    of(self, Count),
                    self.divisor(scope, Count, d)
                ),
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
            Bytes => match self.random.below(4) {
                0 => {
                    let [a, b, n] = [Bytes, Bytes, Count].map(|ty| of(self, ty));
                    format!("slice(concat({a}, {b}), {n} % 7, {})", self.random.below(9))
                }
                1 => format!("slice({}, 0, 4)", of(self, Bytes)),
                _ => self.leaf(scope, ty),
            },
            Address => self.leaf(scope, ty),
        }
    }

    fn arithmetic(&mut self, scope: &mut Scope, ty: Ty, d: usize) -> String {
        let mut of = |generator: &mut Self, ty: Ty| generator.expr(scope, ty, d);
        let (a, b) = (of(self, ty), of(self, ty));
        match self.random.below(17) {
            0 | 1 => format!("({a} + {b})"),
            2 => format!("({a} - {b})"),
            3 => format!("({a} % {})", self.divisor(scope, ty, d)),
            4 => format!("({a} * {})", of(self, Count)),
            5 => format!("({} * {a})", of(self, Count)),
            6 => format!("({a} /down {})", self.divisor(scope, Count, d)),
            7 => format!("({a} /up {})", self.divisor(scope, Count, d)),
            8 => format!("mul_div_down({a}, {b}, {})", self.divisor(scope, ty, d)),
            9 => format!("mul_div_up({a}, {b}, {})", self.divisor(scope, ty, d)),
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
                Count => match self.random.below(12) {
                    5 => format!("bit_{}({a}, {b})", self.random.pick(&["and", "or", "xor"])),
                    6 => format!("bit_not({a})"),
                    7 => format!("shift_left({a}, {b} % 70)"),
                    8 => format!("shift_right({a}, {b})"),
                    9 => format!("byte_at({}, {a} % 5)", of(self, Bytes)),
                    10 | 11 => format!("Other(OTHER).look({a})"),
                    0 => format!("len({})", of(self, Bytes)),
                    1 => format!("floor({})", of(self, Ratio)),
                    2 => format!("ceil({})", of(self, Ratio)),
                    3 => format!("({} - {})", of(self, Height), of(self, Height)),
                    _ => format!("({} /down {})", of(self, B), self.divisor(scope, B, d)),
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

    /// Seldom zero.
    fn divisor(&mut self, scope: &mut Scope, ty: Ty, d: usize) -> String {
        let value = self.expr(scope, ty, d);
        match ty.unit() {
            Some(unit) if !self.chance(8) => format!("max({value}, 1{unit})"),
            _ => value,
        }
    }

    fn condition(&mut self, scope: &mut Scope, d: usize) -> String {
        let mut of = |generator: &mut Self, ty: Ty| generator.expr(scope, ty, d);
        match self.random.below(10) {
            8 => format!("state.m.has({} % 3)", of(self, Count)),
            9 => format!("state.mm.has({} % 3, {})", of(self, Count), of(self, Address)),
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
                    .pick(&[
                        "state.n",
                        "state.p.x",
                        "state.mm[2, state.who]",
                        &format!("state.m[{key}]"),
                    ])
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
                .pick(&[
                    "state.v",
                    "state.w[state.who]",
                    "state.w[self]",
                    "state.ww[state.who, 1]",
                ])
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
