//! The Curve language: source to verified bytecode.
