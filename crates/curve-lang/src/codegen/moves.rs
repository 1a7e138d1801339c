//! Several moves at once, one after the other.

use curvevm::{Opcode, Type};

use super::assign::{Assigned, Register};

/// One register's content to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub to: Register,
    pub from: Register,
}

/// The instruction that copies a register of this type.
pub const fn move_opcode(ty: Type) -> Opcode {
    match ty {
        Type::U64 | Type::I64 | Type::Bool => Opcode::Mov64,
        Type::U128 | Type::Fix => Opcode::Mov128,
        Type::Address | Type::Hash => Opcode::Mov256,
        Type::Bytes(_) => Opcode::MovBytes,
    }
}

/// An order in which no move overwrites what a later one reads. A circle is opened with a spare register.
pub fn in_order(mut moves: Vec<Move>, assigned: &mut Assigned) -> Vec<Move> {
    moves.retain(|one| one.to != one.from);
    let mut ordered = Vec::with_capacity(moves.len());
    while !moves.is_empty() {
        let free = moves
            .iter()
            .position(|one| moves.iter().all(|other| other.from != one.to));
        match free {
            Some(at) => ordered.push(moves.swap_remove(at)),
            None => {
                let first = moves[0].from;
                let spare = assigned.spare(assigned.types[usize::from(first)]);
                ordered.push(Move {
                    to: spare,
                    from: first,
                });
                moves
                    .iter_mut()
                    .filter(|one| one.from == first)
                    .for_each(|one| one.from = spare);
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn registers(count: usize) -> Assigned {
        Assigned {
            of: Vec::new(),
            types: vec![Type::U64; count],
            runs: BTreeMap::new(),
            spare: BTreeMap::new(),
        }
    }

    proptest! {
        #[test]
        fn all_happen_as_if_at_once(sources in prop::collection::vec(0u16..8, 8)) {
            let moves = (0u16..).zip(&sources).map(|(to, from)| Move { to, from: *from }).collect();
            let mut assigned = registers(8);
            let mut values: Vec<usize> = (0..9).collect();
            for one in in_order(moves, &mut assigned) {
                values[usize::from(one.to)] = values[usize::from(one.from)];
            }
            let expected: Vec<usize> = sources.iter().map(|from| usize::from(*from)).collect();
            prop_assert_eq!(&values[..8], &expected[..]);
        }
    }
}
