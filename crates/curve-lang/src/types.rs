//! Types and units.

use std::fmt::{self, Write as _};

/// A unit, by its place among the units. The first ones are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub u16);

impl UnitId {
    /// Base units of $ASSET.
    pub const ASSET: Self = Self(0);
    /// Milliseconds.
    pub const DURATION: Self = Self(1);
    /// How many are built in.
    pub const BUILT_IN: u16 = 2;
}

/// Largest power of a unit.
const MAX_POWER: i8 = 8;
/// Most units that a type is built from.
const MAX_UNITS: usize = 8;

/// What a number counts: a product of powers of units. Of nothing, it is a count.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimension(Vec<(UnitId, i8)>);

impl Dimension {
    /// No unit.
    pub const COUNT: Self = Self(Vec::new());

    /// A unit by itself.
    pub fn of(unit: UnitId) -> Self {
        Self(vec![(unit, 1)])
    }

    /// Of a product with `other` to the power of `sign`; `None` if a power leaves its bounds.
    fn combine(&self, other: &Self, sign: i8) -> Option<Self> {
        let mut powers = self.0.clone();
        for (unit, power) in &other.0 {
            let power = power.checked_mul(sign)?;
            match powers.binary_search_by_key(unit, |(unit, _)| *unit) {
                Ok(at) => powers[at].1 = powers[at].1.checked_add(power)?,
                Err(at) => powers.insert(at, (*unit, power)),
            }
        }
        powers.retain(|(_, power)| *power != 0);
        let bounded =
            powers.len() <= MAX_UNITS && powers.iter().all(|(_, p)| (-MAX_POWER..=MAX_POWER).contains(p));
        bounded.then_some(Self(powers))
    }

    /// Of a product.
    pub fn times(&self, other: &Self) -> Option<Self> {
        self.combine(other, 1)
    }

    /// Of a quotient.
    pub fn per(&self, other: &Self) -> Option<Self> {
        self.combine(other, -1)
    }

    /// Of a power.
    pub fn power(&self, power: i8) -> Option<Self> {
        let powers = self
            .0
            .iter()
            .map(|(unit, p)| Some((*unit, p.checked_mul(power)?)));
        let all = Self(powers.collect::<Option<Vec<_>>>()?);
        Self::COUNT.times(&all)
    }

    /// Of a square root, if all powers are even.
    pub fn root(&self) -> Option<Self> {
        let halves = self
            .0
            .iter()
            .map(|(unit, p)| (p % 2 == 0).then_some((*unit, p / 2)));
        halves.collect::<Option<Vec<_>>>().map(Self)
    }
}

/// A struct, by its place among the structs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StructId(pub u16);

/// An enum, by its place among the enums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnumId(pub u16);

/// A type.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// No value.
    #[default]
    Nothing,
    /// Of what never ends normally.
    Never,
    /// `Bool`
    Bool,
    /// 64 bits with a unit.
    Number(Dimension),
    /// 128 bits with a unit.
    Wide(Dimension),
    /// `Time`
    Time,
    /// `Height`
    Height,
    /// `Ratio`
    Ratio,
    /// `Address`
    Address,
    /// `Hash`
    Hash,
    /// `Bytes<N>`
    Bytes(u16),
    /// A struct.
    Struct(StructId),
    /// An enum.
    Enum(EnumId),
    /// Several values, on their way to several names.
    Tuple(Vec<Type>),
    /// Of what is wrong and was reported. Goes with everything.
    Bad,
}

impl Type {
    /// `Count`
    pub const COUNT: Self = Self::Number(Dimension::COUNT);

    /// `Asset`
    pub fn asset() -> Self {
        Self::Number(Dimension::of(UnitId::ASSET))
    }

    /// `Duration`
    pub fn duration() -> Self {
        Self::Number(Dimension::of(UnitId::DURATION))
    }

    /// Whether a value of this type may stand where `wanted` is needed.
    pub fn fits(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Bad | Self::Never, _) | (_, Self::Bad) => true,
            (Self::Bytes(have), Self::Bytes(room)) => have <= room,
            (Self::Tuple(these), Self::Tuple(those)) => {
                these.len() == those.len() && these.iter().zip(those).all(|(this, that)| this.fits(that))
            }
            _ => self == wanted,
        }
    }

    /// The type that both fit.
    pub fn join(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Never, other) => Some(other.clone()),
            (this, Self::Never) => Some(this.clone()),
            (Self::Bad, _) | (_, Self::Bad) => Some(Self::Bad),
            (Self::Bytes(a), Self::Bytes(b)) => Some(Self::Bytes(*a.max(b))),
            (this, other) => (this == other).then(|| this.clone()),
        }
    }

    /// Whether `<` works.
    pub const fn is_ordered(&self) -> bool {
        matches!(
            self,
            Self::Number(_) | Self::Wide(_) | Self::Time | Self::Height | Self::Ratio | Self::Bad
        )
    }

    /// Whether a map may have such keys.
    pub const fn is_key(&self) -> bool {
        matches!(
            self,
            Self::Number(_) | Self::Time | Self::Height | Self::Address | Self::Hash | Self::Bad
        )
    }
}

/// The names that types are shown with.
pub trait Names {
    /// Of a unit.
    fn unit(&self, id: UnitId) -> &str;
    /// Of a struct.
    fn structure(&self, id: StructId) -> &str;
    /// Of an enum.
    fn enumeration(&self, id: EnumId) -> &str;
}

/// A type as it is written.
pub fn show(ty: &Type, names: &dyn Names) -> String {
    match ty {
        Type::Nothing => "nothing".to_owned(),
        Type::Never => "never".to_owned(),
        Type::Bool => "Bool".to_owned(),
        Type::Number(dimension) => show_dimension(dimension, names),
        Type::Wide(dimension) => format!("Wide<{}>", show_dimension(dimension, names)),
        Type::Time => "Time".to_owned(),
        Type::Height => "Height".to_owned(),
        Type::Ratio => "Ratio".to_owned(),
        Type::Address => "Address".to_owned(),
        Type::Hash => "Hash".to_owned(),
        Type::Bytes(bound) => format!("Bytes<{bound}>"),
        Type::Struct(id) => names.structure(*id).to_owned(),
        Type::Enum(id) => names.enumeration(*id).to_owned(),
        Type::Tuple(types) => {
            let types: Vec<String> = types.iter().map(|ty| show(ty, names)).collect();
            format!("({})", types.join(", "))
        }
        Type::Bad => "?".to_owned(),
    }
}

fn show_dimension(dimension: &Dimension, names: &dyn Names) -> String {
    let mut text = String::new();
    let above = dimension.0.iter().filter(|(_, power)| *power > 0);
    let below = dimension.0.iter().filter(|(_, power)| *power < 0);
    for (unit, power) in above {
        let mark = if text.is_empty() { "" } else { "*" };
        push_power(&mut text, mark, names.unit(*unit), *power);
    }
    if text.is_empty() {
        text.push_str("Count");
    }
    for (unit, power) in below {
        push_power(&mut text, "/", names.unit(*unit), power.saturating_neg());
    }
    text
}

fn push_power(text: &mut String, mark: &str, unit: &str, power: i8) {
    let power: &dyn fmt::Display = if power == 1 { &"" } else { &format!("^{power}") };
    write!(text, "{mark}{unit}{power}").expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Units;

    impl Names for Units {
        fn unit(&self, id: UnitId) -> &str {
            ["Asset", "Duration", "Share"][usize::from(id.0)]
        }

        fn structure(&self, _: StructId) -> &str {
            "Struct"
        }

        fn enumeration(&self, _: EnumId) -> &str {
            "Enum"
        }
    }

    #[test]
    fn units_cancel() {
        let (asset, share) = (Dimension::of(UnitId::ASSET), Dimension::of(UnitId(2)));
        let price = asset.per(&share).unwrap();
        assert_eq!(price.times(&share), Some(asset.clone()));
        assert_eq!(asset.per(&asset), Some(Dimension::COUNT));
        assert_eq!(asset.times(&asset).unwrap().root(), Some(asset.clone()));
        assert_eq!(price.root(), None);
        assert_eq!(asset.power(9), None);
    }

    #[test]
    fn types_are_shown_as_written() {
        let (asset, share) = (Dimension::of(UnitId::ASSET), Dimension::of(UnitId(2)));
        let slope = asset.per(&share.power(2).unwrap()).unwrap();
        let cases = [
            (Type::COUNT, "Count"),
            (Type::Number(slope), "Asset/Share^2"),
            (Type::Wide(asset.times(&share).unwrap()), "Wide<Asset*Share>"),
            (Type::Number(Dimension::COUNT.per(&share).unwrap()), "Count/Share"),
            (Type::Tuple(vec![Type::Bool, Type::Bytes(3)]), "(Bool, Bytes<3>)"),
        ];
        for (ty, expected) in cases {
            assert_eq!(show(&ty, &Units), expected);
        }
    }
}
