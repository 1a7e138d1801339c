//! Epochs by height.

use std::num::NonZeroU64;

use crate::{Epoch, Height};

/// How a chain is divided into epochs: all of the same length in blocks, or one that does not end.
///
/// Genesis opens epoch 0; epoch `e` of length `n` holds the heights `e·n + 1 ..= (e + 1)·n`. An epoch's last block names the
/// next committee's hash, and the next epoch begins with a proof that this block is final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    length: Option<NonZeroU64>,
}

impl Epochs {
    /// One epoch that does not end.
    pub const ENDLESS: Self = Self { length: None };

    /// Epochs of `length` blocks each; zero is [`Self::ENDLESS`].
    pub const fn of_length(length: u64) -> Self {
        let length = NonZeroU64::new(length);
        Self { length }
    }

    /// The epoch of the block at `height`.
    pub fn of(self, height: Height) -> Epoch {
        let number = self.length.map_or(0, |length| height.previous().get() / length);
        Epoch::new(number)
    }

    /// Whether the block at `height` is its epoch's last.
    pub fn is_last(self, height: Height) -> bool {
        self.of(height.next()) > self.of(height)
    }

    /// The last height of an epoch, if it ends.
    pub fn last_of(self, epoch: Epoch) -> Option<Height> {
        let length = self.length?.get();
        epoch.get().checked_add(1)?.checked_mul(length).map(Height::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_by_height() {
        let epochs = Epochs::of_length(10);
        for (height, epoch, last) in [
            (0, 0, false),
            (1, 0, false),
            (9, 0, false),
            (10, 0, true),
            (11, 1, false),
            (20, 1, true),
            (21, 2, false),
        ] {
            let height = Height::new(height);
            assert_eq!(epochs.of(height), Epoch::new(epoch), "{height}");
            assert_eq!(epochs.is_last(height), last, "{height}");
        }
        assert_eq!(epochs.last_of(Epoch::new(1)), Some(Height::new(20)));
        let single = Epochs::of_length(1);
        assert!(single.is_last(Height::new(1)) && !single.is_last(Height::ZERO));
    }

    #[test]
    fn an_endless_epoch() {
        for epochs in [Epochs::ENDLESS, Epochs::of_length(0)] {
            assert_eq!(epochs.of(Height::new(u64::MAX)), Epoch::ZERO);
            assert!(!epochs.is_last(Height::new(u64::MAX)));
            assert_eq!(epochs.last_of(Epoch::ZERO), None);
        }
    }
}
