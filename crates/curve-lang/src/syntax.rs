//! From text to a tree: lexer, parser, syntax tree.

pub mod ast;
pub mod lexer;
pub mod parser;
pub mod token;
