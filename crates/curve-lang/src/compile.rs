//! The whole way from source to program.

use curvevm::{Program, Verified};

use crate::{
    check::check,
    codegen,
    diagnostic::{Code, Diagnostic, Diagnostics},
    hir,
    interface::Interface,
    ir, opt,
    source_map::SourceMap,
    span::LineIndex,
};

/// How to compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The file's name, for messages and source maps.
    pub file: String,
    /// Whether the optimiser runs.
    pub optimise: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            file: "program.curve".to_owned(),
            optimise: true,
        }
    }
}

/// What a source becomes.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// For the machine. It passes the verifier.
    pub program: Program,
    /// For callers.
    pub interface: Interface,
    /// For whoever looks for a place in the source.
    pub source_map: SourceMap,
    /// The program with its meaning; tests run on it.
    pub hir: hir::Program,
    /// Warnings.
    pub warnings: Diagnostics,
}

/// Compiles a source, or says what is wrong with it.
pub fn compile(source: &str, options: &Options) -> Result<Artifact, Diagnostics> {
    let checked = check(source);
    if checked.diagnostics.has_errors() {
        return Err(checked.diagnostics);
    }
    let hir = checked.program;
    let program = match build(&hir, source, options) {
        Ok(verified) => verified.program().clone(),
        Err(diagnostic) => return Err(checked.diagnostics.with(*diagnostic)),
    };
    let interface = Interface::of(&hir, &program);
    let source_map = SourceMap::of(&program);
    Ok(Artifact {
        program,
        interface,
        source_map,
        hir,
        warnings: checked.diagnostics,
    })
}

/// The program between source and bytecode, as text for people.
pub fn lower(source: &str, options: &Options) -> Result<String, Diagnostics> {
    let checked = check(source);
    if checked.diagnostics.has_errors() {
        return Err(checked.diagnostics);
    }
    Ok(module(&checked.program, options).to_string())
}

fn module(hir: &hir::Program, options: &Options) -> ir::Module {
    let mut module = ir::lower(hir, &options.file, options.optimise);
    if options.optimise {
        opt::optimise(&mut module);
    }
    opt::clean(&mut module);
    module
}

fn build(hir: &hir::Program, source: &str, options: &Options) -> Result<Verified, Box<Diagnostic>> {
    let program = codegen::generate(module(hir, options), &LineIndex::new(source))
        .map_err(|error| Box::new(Diagnostic::new(Code::TooLarge, error.span, error.to_string())))?;
    program.verify().map_err(|error| {
        let start = hir
            .functions
            .first()
            .map_or_else(Default::default, |function| function.named.span);
        Box::new(Diagnostic::new(Code::TooLarge, start, error.to_string()))
    })
}
