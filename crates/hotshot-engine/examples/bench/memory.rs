//! What a core holds, counted by the allocator.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use crate::one::One;

thread_local! {
    /// Bytes that this thread has allocated and not freed.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn add(bytes: isize) {
    // A thread that ends may free after its counter is gone.
    let _ = LIVE.try_with(|live| live.set(live.get() + bytes));
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        // SAFETY: the caller keeps the contract of this very method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract of this very method.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn live() -> isize {
    LIVE.with(Cell::get)
}

const VIEWS: u64 = 10_000;
const STEP: u64 = 1_000;
const UNDECIDED: u64 = 100;

pub fn print() {
    let before = live();
    let mut one = One::new(0);
    let mut over_time = Vec::new();
    for view in 1..=VIEWS {
        one.view(view, true);
        if view % STEP == 0 {
            over_time.push(live() - before);
        }
    }
    println!("decided views | bytes held by the core");
    for (index, bytes) in over_time.iter().enumerate() {
        println!("{:>13} | {bytes:>8}", (index as u64 + 1) * STEP);
    }
    println!("\npayload | bytes per undecided view, without the payload");
    for payload in [0, 100_000, 1_000_000] {
        println!("{payload:>7} | {:>8}", per_undecided_view(payload));
    }
}

/// The driver keeps one payload for all blocks, so none is counted; a certified view without a second certificate stays.
fn per_undecided_view(payload: usize) -> isize {
    let mut one = One::new(payload);
    (1..=STEP).for_each(|view| one.view(view, true));
    let before = live();
    (STEP + 1..=STEP + UNDECIDED).for_each(|view| one.view(view, false));
    assert_eq!(one.core.decided().height, STEP, "nothing more was decided");
    (live() - before) / UNDECIDED as isize
}
