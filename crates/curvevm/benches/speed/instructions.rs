//! Each instruction.

pub fn table() -> String {
    String::new()
}
