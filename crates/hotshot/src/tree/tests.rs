//! The bounds of the tree hold for blocks that certificates ask for, too.

use std::sync::Arc;

use hotshot_types::{Block, message::MAX_PAYLOAD};
use rollup_abi::Header;

use super::{Content, Inserted, MAX_BLOCKS, MAX_BYTES, Tree};

fn at(height: u64) -> Header {
    Header {
        height,
        view: height,
        ..Header::default()
    }
}

fn content(height: u64, payload: &Arc<[u8]>) -> Content {
    Content::Block(Block {
        header: at(height),
        payload: Arc::clone(payload),
    })
}

fn insert(tree: &mut Tree, height: u64, payload: &Arc<[u8]>) -> Inserted {
    tree.insert(at(height).commitment(), content(height, payload), true)
}

/// Full of blocks above height 10, all asked for.
fn full(payload: &Arc<[u8]>, count: usize) -> Tree {
    let mut tree = Tree::new(at(0).commitment(), at(0));
    for height in (11..).take(count) {
        assert_eq!(insert(&mut tree, height, payload), Inserted::New);
    }
    tree
}

/// Whether they are many or large: of blocks that are asked for, the highest make room for lower ones, and not the other way round.
#[test]
fn what_is_decided_next_always_fits() {
    let large: Arc<[u8]> = std::iter::repeat_n(0, MAX_PAYLOAD).collect();
    let cases = [(large, MAX_BYTES / MAX_PAYLOAD), (Arc::default(), MAX_BLOCKS)];
    for (payload, count) in cases {
        let mut tree = full(&payload, count);
        let (highest, next) = (10 + count as u64, 11 + count as u64);
        assert_eq!(insert(&mut tree, next, &payload), Inserted::Full);
        tree.make_room_below(next, payload.len());
        assert_eq!(
            insert(&mut tree, next, &payload),
            Inserted::Full,
            "nothing is above it"
        );
        assert_eq!(tree.len(), count);
        assert_eq!(insert(&mut tree, 1, &payload), Inserted::Full);
        tree.make_room_below(1, payload.len());
        assert_eq!(insert(&mut tree, 1, &payload), Inserted::New);
        assert_eq!(tree.len(), count);
        assert!(tree.get(&at(highest).commitment()).is_none());
        assert!(tree.get(&at(highest - 1).commitment()).is_some());
    }
}
