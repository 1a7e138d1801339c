//! Makes one submission out of decided blocks, and refuses what this node does not stand for.

use rollup_abi::{Digest, roots};
use settlement::Submission;

use crate::Settleable;

/// Why blocks do not make a submission. All but the last mean that this node's own data is wrong: nothing may be posted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// The source left out a height.
    #[error("the block source gave height {got}, expected {expected}")]
    Height {
        /// What it gave.
        got: u64,
        /// What comes next.
        expected: u64,
    },
    /// The header's root is not the one that this node computed.
    #[error("the header of height {height} has another state root than this node computed")]
    Root {
        /// The block.
        height: u64,
    },
    /// The header's accumulator does not follow from the roots.
    #[error("the header of height {height} has an accumulator that does not follow from the roots")]
    Accumulator {
        /// The block.
        height: u64,
    },
    /// No block that fits has a certificate: nothing is wrong, but this node cannot go on from here by itself.
    #[error("none of the {blocks} blocks from height {from} has a certificate, and no more fit")]
    NoCertificate {
        /// The first of them.
        from: u64,
        /// How many.
        blocks: usize,
    },
}

/// Where the chain stands when a submission arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The newest height that it has.
    pub height: u64,
    /// The accumulator there.
    pub roots_acc: Digest,
    /// The epoch whose committee certifies: blocks of the next one wait until it has handed over.
    pub epoch: u64,
}

/// Takes the newest certified block within reach: `blocks` follow the base, and `max_roots` of them fit. `None` means that
/// there is nothing certified yet.
///
/// # Errors
/// See [`AssembleError`].
pub fn assemble(
    base: Base,
    blocks: &[Settleable],
    max_roots: usize,
) -> Result<Option<Submission>, AssembleError> {
    let first = base.height.saturating_add(1);
    let of_epoch = blocks.partition_point(|block| block.header.epoch <= base.epoch);
    let within = &blocks[..of_epoch.min(max_roots)];
    let mut acc = base.roots_acc;
    let mut certified = None;
    for (index, (block, expected)) in within.iter().zip(first..).enumerate() {
        let height = block.header.height;
        if height != expected {
            return Err(AssembleError::Height {
                got: height,
                expected,
            });
        }
        if block.header.state_root != block.state_root {
            return Err(AssembleError::Root { height });
        }
        acc = roots::extend(&acc, &block.state_root);
        if block.header.roots_acc != acc {
            return Err(AssembleError::Accumulator { height });
        }
        if let Some(certificate) = &block.certificate {
            certified = Some((index, block, certificate));
        }
    }
    let Some((index, newest, certificate)) = certified else {
        if within.len() == max_roots {
            return Err(AssembleError::NoCertificate {
                from: first,
                blocks: within.len(),
            });
        }
        return Ok(None);
    };
    Ok(Some(Submission {
        view: certificate.view,
        header: newest.header.clone(),
        certificate: certificate.wire.clone(),
        roots: within[..=index].iter().map(|block| block.state_root).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::tests::chain;

    fn base(roots_acc: Digest) -> Base {
        Base {
            height: 10,
            roots_acc,
            epoch: 0,
        }
    }

    /// Six blocks on height 10; those in `certified` have a certificate.
    fn blocks(certified: &[u64]) -> (Digest, Vec<Settleable>) {
        let blocks = chain(16);
        let acc = blocks[9].header.roots_acc;
        let mut six = blocks[10..].to_vec();
        for block in &mut six {
            if !certified.contains(&block.header.height) {
                block.certificate = None;
            }
        }
        (acc, six)
    }

    #[test]
    fn newest_certified_within_reach() {
        let cases: [(&[u64], usize, Option<u64>); 6] = [
            (&[11, 12, 13, 14, 15, 16], 16, Some(16)),
            (&[11, 12, 13, 14, 15, 16], 4, Some(14)),
            (&[11, 14], 16, Some(14)),
            (&[11, 16], 4, Some(11)),
            (&[], 16, None),
            (&[16], 7, Some(16)),
        ];
        for (certified, max_roots, height) in cases {
            let (acc, blocks) = blocks(certified);
            let made = assemble(base(acc), &blocks, max_roots).unwrap();
            assert_eq!(
                made.as_ref().map(|s| s.header.height),
                height,
                "{certified:?} {max_roots}"
            );
            if let Some(made) = made {
                assert_eq!(made.roots.len() as u64, made.header.height - 10);
                assert_eq!(made.roots.last(), Some(&made.header.state_root));
            }
        }
        assert_eq!(assemble(base([0; 32]), &[], 16), Ok(None));
    }

    #[test]
    fn nothing_that_this_node_does_not_stand_for() {
        let all = [11, 12, 13, 14, 15, 16];
        let (acc, good) = blocks(&all);
        let mut own_root = good.clone();
        own_root[2].state_root = [9; 32];
        assert_eq!(
            assemble(base(acc), &own_root, 16),
            Err(AssembleError::Root { height: 13 })
        );
        let mut forged = good.clone();
        forged[2].state_root = [9; 32];
        forged[2].header.state_root = [9; 32];
        assert_eq!(
            assemble(base(acc), &forged, 16),
            Err(AssembleError::Accumulator { height: 13 })
        );
        assert_eq!(
            assemble(base([1; 32]), &good, 16),
            Err(AssembleError::Accumulator { height: 11 })
        );
        let mut gap = good;
        gap.remove(1);
        assert_eq!(
            assemble(base(acc), &gap, 16),
            Err(AssembleError::Height {
                got: 13,
                expected: 12
            })
        );
        let (acc, none) = blocks(&[16]);
        assert_eq!(
            assemble(base(acc), &none, 5),
            Err(AssembleError::NoCertificate { from: 11, blocks: 5 })
        );
    }

    #[test]
    fn an_epoch_ends_with_its_last_block_in_the_view_that_certified_it() {
        let (acc, mut blocks) = blocks(&[11, 12, 13, 14, 15, 16]);
        blocks[3..].iter_mut().for_each(|block| block.header.epoch = 1);
        if let Some(certificate) = &mut blocks[2].certificate {
            certificate.view = 20;
        }
        let made = assemble(base(acc), &blocks, 16).unwrap().expect("certified");
        assert_eq!((made.header.height, made.header.view, made.view), (13, 13, 20));
        assert_eq!(made.roots.len(), 3);
        let ended = Base {
            height: 13,
            roots_acc: blocks[2].header.roots_acc,
            epoch: 0,
        };
        assert_eq!(
            assemble(ended, &blocks[3..], 16),
            Ok(None),
            "it has to hand over first"
        );
        let next = Base { epoch: 1, ..ended };
        let made = assemble(next, &blocks[3..], 16).unwrap().expect("certified");
        assert_eq!((made.header.height, made.view), (16, 16));
    }
}
