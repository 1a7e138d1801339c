//! Number literals and their units.

use super::{Checker, names::TypeName};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Expr, ExprKind},
    span::Span,
    syntax::ast::UnitPower,
    types::{Dimension, Type, UnitId},
    value::Value,
};

/// Base units of one $ASSET.
const ASSET: u64 = 1_000_000_000;

/// Words behind numbers: what they count, and in how many base units.
const SCALES: [(&str, UnitId, u64); 13] = [
    ("ASSET", UnitId::ASSET, ASSET),
    ("nASSET", UnitId::ASSET, 1),
    ("ms", UnitId::DURATION, 1),
    ("second", UnitId::DURATION, 1_000),
    ("seconds", UnitId::DURATION, 1_000),
    ("minute", UnitId::DURATION, 60_000),
    ("minutes", UnitId::DURATION, 60_000),
    ("hour", UnitId::DURATION, 3_600_000),
    ("hours", UnitId::DURATION, 3_600_000),
    ("day", UnitId::DURATION, 86_400_000),
    ("days", UnitId::DURATION, 86_400_000),
    ("week", UnitId::DURATION, 604_800_000),
    ("weeks", UnitId::DURATION, 604_800_000),
];

impl Checker<'_> {
    pub(super) fn number(&mut self, digits: &str, units: &[UnitPower], span: Span) -> Expr {
        let mut dimension = Dimension::COUNT;
        let mut scale = 1;
        for (at, UnitPower { name, power }) in units.iter().enumerate() {
            let Some((unit, factor)) = self.literal_unit(name) else {
                return Expr::bad(span);
            };
            if factor != 1 && (at > 0 || *power != 1) {
                let title = format!(
                    "`{}` stands for {factor} base units, and can only be the first unit",
                    name.text
                );
                self.error(Code::BadUnit, name.span, title);
                return Expr::bad(span);
            }
            scale = if at == 0 { factor } else { scale };
            let Some(next) = unit.power(*power).and_then(|unit| dimension.times(&unit)) else {
                self.error(Code::BadUnit, name.span, "the powers of this unit are too large");
                return Expr::bad(span);
            };
            dimension = next;
        }
        match scaled(digits, scale) {
            Ok(value) => Expr {
                kind: ExprKind::Value(Value::Number(value)),
                ty: Type::Number(dimension),
                span,
            },
            Err(title) => {
                let code = if scale == 1 {
                    Code::BadNumber
                } else {
                    Code::BadUnit
                };
                self.error(code, span, title);
                Expr::bad(span)
            }
        }
    }

    /// What a word behind a number counts, and in how many base units.
    fn literal_unit(&mut self, name: &crate::syntax::ast::Name) -> Option<(Dimension, u64)> {
        if let Some((_, unit, factor)) = SCALES.iter().find(|(word, _, _)| *word == name.text) {
            return Some((Dimension::of(*unit), *factor));
        }
        if let Some(found @ TypeName::Unit(id)) = self.items.types.get(&name.text).copied() {
            self.refer_type(name, found);
            return Some((Dimension::of(id), 1));
        }
        if name.text == "Count" {
            return Some((Dimension::COUNT, 1));
        }
        if name.text == "Asset" {
            let diagnostic = Diagnostic::new(Code::BadUnit, name.span, "a literal says `ASSET` or `nASSET`")
                .note("1 ASSET is 1_000_000_000 nASSET, which are the base units")
                .fix("whole $ASSET", vec![(name.span, "ASSET".to_owned())]);
            self.report(diagnostic);
            return None;
        }
        let declared: Vec<String> = self.program.units.iter().map(|unit| unit.name.clone()).collect();
        let words = SCALES.iter().map(|(word, _, _)| *word);
        let title = format!("there is no unit `{}`", name.text);
        self.unknown(
            Code::BadUnit,
            name,
            title,
            words.chain(declared.iter().map(String::as_str)),
        );
        None
    }
}

/// `digits[.digits]` times the scale, which must be a whole number.
fn scaled(digits: &str, scale: u64) -> Result<u64, String> {
    let too_large = || "this number does not fit into 64 bits".to_owned();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let value = whole.checked_mul(scale).ok_or_else(too_large)?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        return Ok(value);
    }
    let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 18);
    let power = places.and_then(|places| 10u128.checked_pow(places));
    let part = fraction
        .parse::<u128>()
        .ok()
        .and_then(|part| part.checked_mul(u128::from(scale)));
    match (part, power) {
        (Some(part), Some(power)) if part % power == 0 => {
            let part = u64::try_from(part / power).map_err(|_| too_large())?;
            value.checked_add(part).ok_or_else(too_large)
        }
        _ if scale == 1 => Err("this has a fraction, and its unit is not divided".to_owned()),
        _ => Err(format!(
            "this is finer than the unit, of which there are {scale} base units"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn literals_are_exact() {
        assert_eq!(scaled("12.5", 1_000_000_000), Ok(12_500_000_000));
        assert_eq!(scaled("0.000000001", 1_000_000_000), Ok(1));
        assert_eq!(scaled("1.50", 60_000), Ok(90_000));
        assert_eq!(scaled("18446744073709551615", 1), Ok(u64::MAX));
        for (digits, scale) in [
            ("0.0000000001", 1_000_000_000),
            ("18446744073709551616", 1),
            ("1.5", 1),
        ] {
            assert!(scaled(digits, scale).is_err(), "{digits}");
        }
        assert!(scaled("18446744073.709551616", 1_000_000_000).is_err());
        assert!(scaled(&("0.".to_owned() + &"1".repeat(90)), 1_000).is_err());
    }
}
