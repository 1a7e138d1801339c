//! Prints the instruction reference: the table in `docs/curvevm.md`.

fn main() {
    print!("{}", curvevm::reference::markdown());
}
