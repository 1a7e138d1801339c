//! Items that nothing uses.

use super::Checker;
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::Named,
    syntax::ast::FunctionKind,
};

impl Checker<'_> {
    pub(super) fn report_unused(&mut self) {
        if self.sink.has_errors() {
            return;
        }
        let program = &self.program;
        let functions = program
            .functions
            .iter()
            .filter(|f| f.kind == FunctionKind::Fn)
            .map(|f| &f.named);
        let consts = program.consts.iter().map(|item| &item.named);
        let events = program.events.iter().map(|item| &item.named);
        let interfaces = program.interfaces.iter().map(|item| &item.named);
        let structs = program.structs.iter().map(|item| &item.named);
        let enums = program.enums.iter().map(|item| &item.named);
        let slots = program.slots.iter().map(|item| &item.named);
        let errors = program
            .errors
            .iter()
            .filter(|error| error.span != crate::span::Span::default());
        let units = program
            .units
            .iter()
            .filter(|unit| unit.span != crate::span::Span::default());
        let all = functions
            .chain(consts)
            .chain(events)
            .chain(structs)
            .chain(interfaces)
            .chain(enums)
            .chain(slots)
            .chain(errors);
        let unused: Vec<Named> = all
            .chain(units)
            .filter(|named| !self.used.contains(&named.span) && !named.name.starts_with('_'))
            .cloned()
            .collect();
        for named in unused {
            let title = format!("`{}` is never used", named.name);
            self.report(Diagnostic::new(Code::UnusedItem, named.span, title));
        }
    }
}
