//! Tests of the program's real bytecode in LiteSVM.
