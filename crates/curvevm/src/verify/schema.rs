//! Everything but instructions: counts, names, types, kinds.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, Problem, VerifyError};
use crate::{
    Field, Function, Kind, Program, Type, Value,
    limits::{
        MAX_BYTES, MAX_CONSTANTS, MAX_ERRORS, MAX_EVENT_KINDS, MAX_FIELDS, MAX_FILES, MAX_FUNCTIONS,
        MAX_INTERFACES, MAX_INVARIANTS, MAX_KEYS, MAX_NAME_BYTES, MAX_SLOTS, MAX_TEXT_BYTES, MAX_WORDS,
    },
};

pub fn check(program: &Program) -> Result<(), VerifyError> {
    counts(program).map_err(|problem| VerifyError::new(Place::Program, problem))?;
    each(&program.constants, Place::Constant, constant)?;
    each(&program.slots, Place::Slot, |slot| {
        name(&slot.name)?;
        types("keys", slot.keys.iter().copied(), MAX_KEYS)?;
        fields(&slot.values)?;
        if slot.values.is_empty() {
            Err(Problem::EmptySlot)
        } else {
            Ok(())
        }
    })?;
    each(&program.events, Place::Event, |event| {
        name(&event.name)?;
        fields(&event.fields)
    })?;
    each(&program.errors, Place::Error, |error| {
        name(&error.name)?;
        count("bytes of a message", error.message.len(), MAX_TEXT_BYTES)
    })?;
    each(&program.interfaces, Place::Interface, |interface| {
        name(&interface.name)?;
        types("parameters", interface.params.iter().copied(), MAX_FIELDS)?;
        types("results", interface.results.iter().copied(), MAX_FIELDS)
    })?;
    each(&program.functions, Place::Function, |function| {
        signature(function, program.files.len())
    })?;
    each(&program.files, Place::File, |file| {
        count("bytes of a file's name", file.len(), MAX_TEXT_BYTES)
    })?;
    unique(program)?;
    exports(program)
}

fn each<T>(
    items: &[T],
    place: fn(usize) -> Place,
    check: impl Fn(&T) -> Result<(), Problem>,
) -> Result<(), VerifyError> {
    for (index, item) in items.iter().enumerate() {
        check(item).map_err(|problem| VerifyError::new(place(index), problem))?;
    }
    Ok(())
}

fn counts(program: &Program) -> Result<(), Problem> {
    name(&program.name)?;
    let invariants = program.functions.iter().filter(|f| f.kind == Kind::Invariant);
    for (what, got, max) in [
        ("constants", program.constants.len(), MAX_CONSTANTS),
        ("slots", program.slots.len(), MAX_SLOTS),
        ("events", program.events.len(), MAX_EVENT_KINDS),
        ("errors", program.errors.len(), MAX_ERRORS),
        ("interfaces", program.interfaces.len(), MAX_INTERFACES),
        ("functions", program.functions.len(), MAX_FUNCTIONS),
        ("invariants", invariants.count(), MAX_INVARIANTS),
        ("files", program.files.len(), MAX_FILES),
    ] {
        count(what, got, max)?;
    }
    Ok(())
}

fn count(what: &'static str, got: usize, max: usize) -> Result<(), Problem> {
    if got > max {
        Err(Problem::TooMany { what, got, max })
    } else {
        Ok(())
    }
}

fn name(name: &str) -> Result<(), Problem> {
    let first = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let rest = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if first && rest && name.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    Err(Problem::Name {
        got: name.chars().take(MAX_NAME_BYTES).collect(),
    })
}

fn ty(ty: Type) -> Result<(), Problem> {
    match ty {
        Type::Bytes(got) if got == 0 || got > MAX_BYTES => Err(Problem::Bound { got, max: MAX_BYTES }),
        _ => Ok(()),
    }
}

fn types(what: &'static str, all: impl ExactSizeIterator<Item = Type>, max: usize) -> Result<(), Problem> {
    count(what, all.len(), max)?;
    all.into_iter().try_for_each(ty)
}

fn fields(fields: &[Field]) -> Result<(), Problem> {
    types("fields", fields.iter().map(|field| field.ty), MAX_FIELDS)?;
    let mut seen = BTreeSet::new();
    for field in fields {
        name(&field.name)?;
        once(&mut seen, &field.name)?;
    }
    Ok(())
}

fn once<'a>(seen: &mut BTreeSet<&'a str>, name: &'a str) -> Result<(), Problem> {
    if seen.insert(name) {
        return Ok(());
    }
    Err(Problem::Duplicate { got: name.to_owned() })
}

fn constant(value: &Value) -> Result<(), Problem> {
    match value {
        Value::U128(_) | Value::Fix(_) | Value::Address(_) | Value::Hash(_) => Ok(()),
        Value::Bytes(bytes) => count("bytes of a constant", bytes.len(), MAX_BYTES.into()),
        Value::U64(_) | Value::I64(_) | Value::Bool(_) => Err(Problem::ConstantType { got: value.ty() }),
    }
}

fn signature(function: &Function, files: usize) -> Result<(), Problem> {
    name(&function.name)?;
    fields(&function.params)?;
    types("results", function.results.iter().copied(), MAX_FIELDS)?;
    types("registers", function.registers.iter().copied(), MAX_WORDS)?;
    let words = function.register_types().map(Type::words).sum();
    count("words of registers", words, MAX_WORDS)?;
    if function.kind == Kind::Invariant && !(function.params.is_empty() && function.results == [Type::Bool]) {
        return Err(Problem::InvariantSignature);
    }
    let mut last = None;
    for (got, mark) in function.marks.iter().enumerate() {
        let rises = last.is_none_or(|last| last < mark.pc);
        if !rises || usize::from(mark.pc) >= function.code.len() || usize::from(mark.file) >= files {
            return Err(Problem::Mark { got });
        }
        last = Some(mark.pc);
    }
    Ok(())
}

fn unique(program: &Program) -> Result<(), VerifyError> {
    names(program.slots.iter().map(|slot| slot.name.as_str()), Place::Slot)?;
    names(
        program.events.iter().map(|event| event.name.as_str()),
        Place::Event,
    )?;
    names(
        program.errors.iter().map(|error| error.name.as_str()),
        Place::Error,
    )?;
    names(
        program.functions.iter().map(|function| function.name.as_str()),
        Place::Function,
    )
}

fn names<'a>(all: impl Iterator<Item = &'a str>, place: fn(usize) -> Place) -> Result<(), VerifyError> {
    let mut seen = BTreeSet::new();
    for (index, name) in all.enumerate() {
        once(&mut seen, name).map_err(|problem| VerifyError::new(place(index), problem))?;
    }
    Ok(())
}

/// One `init`, and entries and views that a caller can tell apart.
fn exports(program: &Program) -> Result<(), VerifyError> {
    let mut init = None;
    let mut selectors = BTreeMap::new();
    for (index, function) in program.functions.iter().enumerate() {
        let at = |problem| Err(VerifyError::new(Place::Function(index), problem));
        if matches!(function.kind, Kind::Init { .. })
            && let Some(first) = init.replace(index)
        {
            return at(Problem::SecondInit { first });
        }
        if let Some(selector) = function.selector()
            && let Some(other) = selectors.insert(selector, index)
        {
            return at(Problem::Selector { other });
        }
    }
    Ok(())
}
