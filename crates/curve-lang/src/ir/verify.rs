//! What every pass must leave intact.

use std::collections::BTreeMap;

use super::{BlockId, End, Function, Val, dominators::Dominators};

/// The first thing that is wrong with a function: a value that is read where it does not exist, or that exists twice, or an
/// edge whose arguments are not what the block wants.
pub fn check(function: &Function) -> Result<(), String> {
    let dominators = Dominators::new(function);
    let defined = definitions(function, &dominators)?;
    for block in &dominators.order {
        check_block(function, &dominators, &defined, *block)?;
    }
    Ok(())
}

type Places = BTreeMap<Val, (BlockId, usize)>;

/// Where each value is made: the block, and behind how many instructions.
fn definitions(function: &Function, dominators: &Dominators) -> Result<Places, String> {
    let mut defined = Places::new();
    for id in &dominators.order {
        let block = &function.blocks[id.index()];
        let params = block.params.iter().map(|value| (*value, 0));
        let made = (1..)
            .zip(&block.insts)
            .flat_map(|(at, inst)| inst.outs.iter().map(move |value| (*value, at)));
        for (value, at) in params.chain(made) {
            if defined.insert(value, (*id, at)).is_some() {
                return Err(format!(
                    "{}: value {} is made twice",
                    function.shell.name, value.0
                ));
            }
        }
    }
    Ok(defined)
}

fn check_block(
    function: &Function,
    dominators: &Dominators,
    defined: &Places,
    id: BlockId,
) -> Result<(), String> {
    let name = &function.shell.name;
    let block = &function.blocks[id.index()];
    let known = |value: Val, at: usize| match defined.get(&value) {
        Some((home, made)) if *home == id => *made <= at,
        Some((home, _)) => dominators.dominates(*home, id),
        None => false,
    };
    for (at, inst) in block.insts.iter().enumerate() {
        if let Some(value) = inst.ins.iter().find(|value| !known(**value, at)) {
            return Err(format!(
                "{name}: block {} reads value {} before it is made",
                id.0, value.0
            ));
        }
    }
    let mut missing = None;
    block.end.for_each_use(|value| {
        if !known(value, block.insts.len()) {
            missing = Some(value);
        }
    });
    if let Some(value) = missing {
        return Err(format!(
            "{name}: the end of block {} reads value {} before it is made",
            id.0, value.0
        ));
    }
    for edge in block.end.edges() {
        let params = &function.blocks[edge.to.index()].params;
        let fits = |(param, arg): (&Val, &Val)| function.ty(*param).accepts(function.ty(*arg));
        if params.len() != edge.args.len() || !params.iter().zip(&edge.args).all(fits) {
            return Err(format!(
                "{name}: the edge from {} to {} does not fit",
                id.0, edge.to.0
            ));
        }
    }
    match &block.end {
        End::Ret(values) if values.len() != function.shell.results.len() => {
            Err(format!("{name}: returns {} values", values.len()))
        }
        _ => Ok(()),
    }
}
