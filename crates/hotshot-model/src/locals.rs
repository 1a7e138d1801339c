//! The states that single members can be in, and the steps between them.

use std::sync::Arc;

use crate::{
    cores::{Cores, Told},
    interned::{Interned, Memo, Number},
    node::{Act, Node},
};

/// A member's state.
pub type Local = Number<Node>;

/// The states of members that have been reached.
#[derive(Debug)]
pub struct Locals {
    cores: Cores,
    nodes: Interned<Node>,
    steps: Memo<(Local, Act), Local>,
}

impl Locals {
    /// Nothing reached yet.
    pub fn new(cores: Cores) -> Self {
        Self {
            cores,
            nodes: Interned::default(),
            steps: Memo::default(),
        }
    }

    /// The cores.
    pub fn cores(&self) -> &Cores {
        &self.cores
    }

    /// A member that has never run.
    pub fn start(&self, member: usize) -> Local {
        self.nodes.number(Node::new(member, &self.cores))
    }

    /// A member's state.
    pub fn node(&self, local: Local) -> Arc<Node> {
        self.nodes.get(local)
    }

    /// How many states there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What can happen to a member that changes it, and where it leads.
    pub fn steps(&self, from: Local, messages: &[Told]) -> Vec<(Act, Local)> {
        let node = self.node(from);
        let to = |act: Act| {
            let compute = |_: &_| self.nodes.number(node.after(act, &self.cores));
            (act, self.steps.get((from, act), compute))
        };
        let all = node.acts(messages, &self.cores).into_iter().map(to);
        all.filter(|(_, to)| *to != from).collect()
    }
}
