//! What may happen to the node. Decisions that are zero are what an honest network does.

use std::{sync::Arc, time::Duration};

use hotshot::{Input, Verdict};
use hotshot_testing::fixtures::{EPOCH_MS, PLACEHOLDER};
use hotshot_types::{
    Block, Epoch, Height, Justify, Proposal, SignedProposal, UpgradeData, View, VoteData,
    message::FetchedBlocks,
};
use rollup_abi::Header;

use super::{MAX_BLOCKS, World, universe};
use crate::entropy::Entropy;

/// Most blocks in one answer.
const MAX_ANSWER: usize = hotshot_types::message::MAX_FETCH_BLOCKS;

impl World {
    pub(super) fn happen(&mut self, entropy: &mut Entropy) {
        let input = match entropy.byte() % 32 {
            0..=6 => self.new_proposal(entropy),
            7..=8 => self.old_proposal(entropy),
            9..=11 => self.certificate1(entropy),
            12 => self.upgrade(entropy),
            13..=15 => self.certificate2(entropy),
            16..=17 => self.timeout_certificate(entropy),
            18 => Input::TimeoutOneHonest {
                view: self.view(entropy),
                epoch: self.epoch(entropy),
            },
            19 => Input::Committee(if self.honest.is_none() && entropy.once_in(8) {
                universe::rival_committee(entropy.number())
            } else {
                universe::committee(self.core.epoch().next().plus(entropy.number() % 2).get())
            }),
            20 => Input::Behind,
            21..=22 => self.answer(entropy),
            23 => self.built(entropy),
            24 => Input::BuildFailed(self.view(entropy)),
            25..=26 => self.verdict(entropy),
            27 => return self.persisted(entropy),
            28..=30 => self.time(entropy),
            _ if entropy.once_in(4) => return self.restart(),
            _ => return self.grow(entropy),
        };
        self.input(input);
    }

    /// What the node is locked on, mostly; or any block.
    fn parent(&self, entropy: &mut Entropy) -> Header {
        let lock = self.core.lock().data().leaf;
        let locked = self.known(&lock);
        let any = &self.blocks[entropy.below(self.blocks.len())];
        let block = if entropy.once_in(4) {
            any
        } else {
            locked.unwrap_or(any)
        };
        block.header.clone()
    }

    /// The newest block, mostly; or any but genesis, if there is one.
    fn block(&self, entropy: &mut Entropy) -> Block {
        let last = self.blocks.len() - 1;
        let any = last - entropy.below(last.max(1));
        self.blocks[if entropy.once_in(3) { any } else { last }].clone()
    }

    /// The node's view or one next to it; seldom any.
    fn view(&self, entropy: &mut Entropy) -> View {
        let view = self.core.view();
        match entropy.byte() {
            0..=159 => view,
            160..=191 => view.next(),
            192..=223 => view.previous(),
            224..=247 => view.plus(entropy.number() % 64),
            _ => View::new(entropy.number()),
        }
    }

    fn epoch(&self, entropy: &mut Entropy) -> Epoch {
        let epoch = self.core.epoch();
        match entropy.byte() {
            0..=191 => epoch,
            192..=219 => epoch.next(),
            220..=247 => epoch.previous(),
            _ => Epoch::new(entropy.number()),
        }
    }

    fn new_proposal(&mut self, entropy: &mut Entropy) -> Input {
        let (parent, view) = (self.parent(entropy), self.view(entropy));
        let payload = [entropy.byte() % 2; 3];
        let mut header = universe::on(&parent, view, self.config.epochs, self.clock.wall_ms, &payload);
        match entropy.byte() {
            240..=251 => header.version += 1,
            252..=255 if header.version > 1 => header.version -= 1,
            _ => {}
        }
        let block = Block {
            header,
            payload: payload.into(),
        };
        self.learn(block.clone());
        self.propose(block, &parent, view, entropy)
    }

    /// A block that was proposed before, in its own view or again in another.
    fn old_proposal(&mut self, entropy: &mut Entropy) -> Input {
        let block = self.block(entropy);
        let view = if entropy.once_in(2) {
            self.view(entropy)
        } else {
            View::new(block.header.view)
        };
        let parent = if view.get() != block.header.view {
            block.header.clone()
        } else {
            let parent = self.known(&block.header.parent);
            parent.unwrap_or(&self.blocks[0]).header.clone()
        };
        self.propose(block, &parent, view, entropy)
    }

    fn propose(&mut self, mut block: Block, parent: &Header, view: View, entropy: &mut Entropy) -> Input {
        if !self.certifies(parent) {
            return Input::Tick;
        }
        let mut justify = universe::justify(parent);
        let before = view.previous();
        let hands_over =
            self.config.epochs.is_last(Height::new(parent.height)) && view.get() == block.header.view;
        if hands_over && !self.finalises(parent) {
            return Input::Tick;
        }
        let mut hand_over = hands_over.then(|| universe::certificate(universe::data(parent)));
        let gap = parent.view != before.get();
        let mut timeout = gap.then(|| universe::timed_out(self.core.epoch(), before, justify.clone()));
        let lies = self.honest.is_none();
        // One byte says what is wrong with it; mostly nothing.
        match entropy.byte() {
            248 => justify = Justify::Genesis([9; 32]),
            249 if lies => justify = universe::justify(&self.blocks[entropy.below(self.blocks.len())].header),
            250 if lies => hand_over = Some(universe::certificate(self.certified(parent, entropy))),
            251 => hand_over = None,
            252 => timeout = None,
            253 if lies => timeout = Some(universe::timed_out(self.epoch(entropy), before, justify.clone())),
            254 => block.header.epoch = entropy.number(),
            255 => block.header.next_committee = entropy.digest(),
            _ => {}
        }
        let upgrade = entropy.once_in(8).then(|| {
            let parent = self.known(&block.header.parent).unwrap_or(&self.blocks[0]);
            universe::upgrade(Epoch::new(block.header.epoch), &parent.header, entropy)
        });
        if let Some(data) = upgrade {
            self.agreed(data);
        }
        let proposal = Proposal {
            view,
            upgrade: upgrade.map(universe::agreed),
            header: block.header,
            justify,
            timeout: timeout.map(|timeout| (*timeout).clone()),
            hand_over,
            payload: block.payload,
        };
        Input::Proposal(SignedProposal {
            proposal: Arc::new(proposal),
            signature: *PLACEHOLDER,
        })
    }

    /// Nine tenths of a committee agree on an upgrade, soon or not.
    fn upgrade(&mut self, entropy: &mut Entropy) -> Input {
        let data = universe::upgrade(self.epoch(entropy), self.core.decided(), entropy);
        self.agreed(data);
        Input::Upgrade(universe::agreed(data))
    }

    fn agreed(&mut self, data: UpgradeData) {
        self.agreed.push(data);
        if let Some(quorum) = &mut self.honest {
            quorum.agreed.push(data);
        }
    }

    fn certifies(&mut self, header: &Header) -> bool {
        self.honest.as_mut().is_none_or(|quorum| quorum.certifies(header))
    }

    fn finalises(&mut self, header: &Header) -> bool {
        self.honest.as_mut().is_none_or(|quorum| quorum.finalises(header))
    }

    fn certificate1(&mut self, entropy: &mut Entropy) -> Input {
        let header = self.block(entropy).header;
        if self.certifies(&header) {
            Input::Certificate1(universe::certificate(self.certified(&header, entropy)))
        } else {
            Input::Tick
        }
    }

    fn certificate2(&mut self, entropy: &mut Entropy) -> Input {
        let header = self.block(entropy).header;
        if self.finalises(&header) {
            Input::Certificate2(universe::certificate(self.certified(&header, entropy)))
        } else {
            Input::Tick
        }
    }

    /// What is certified: a block in its own view, seldom something else.
    fn certified(&self, header: &Header, entropy: &mut Entropy) -> VoteData {
        let data = universe::data(header);
        match entropy.byte() {
            _ if self.honest.is_some() => data,
            0..=215 => data,
            216..=239 => VoteData {
                view: self.view(entropy),
                ..data
            },
            240..=245 => VoteData {
                epoch: self.epoch(entropy),
                ..data
            },
            246..=250 => VoteData {
                height: Height::new(entropy.number()),
                ..data
            },
            _ => VoteData {
                leaf: entropy.digest(),
                ..data
            },
        }
    }

    fn timeout_certificate(&mut self, entropy: &mut Entropy) -> Input {
        let lock = self.parent(entropy);
        if !self.certifies(&lock) {
            return Input::Tick;
        }
        let lock = universe::justify(&lock);
        let (view, epoch) = (self.view(entropy), self.epoch(entropy));
        let epoch = if self.honest.is_some() {
            epoch.min(self.core.epoch())
        } else {
            epoch
        };
        Input::TimeoutCertificate(universe::timed_out(epoch, view, lock))
    }

    /// Decided blocks from a peer: the way to some block, from above what is decided here or from anywhere.
    fn answer(&mut self, entropy: &mut Entropy) -> Input {
        let newest = self.block(entropy);
        let skip = if entropy.once_in(4) { entropy.below(8) } else { 0 };
        if !self.finalises(&newest.header) {
            return Input::Tick;
        }
        let certificate = universe::certificate(self.certified(&newest.header, entropy));
        let mut blocks = self.way(newest);
        blocks.drain(..skip.min(blocks.len()));
        blocks.truncate(MAX_ANSWER);
        Input::Blocks(Arc::new(FetchedBlocks {
            blocks,
            tail: Vec::new(),
            certificate,
        }))
    }

    /// The blocks from above the decided height up to this one.
    fn way(&self, newest: Block) -> Vec<Block> {
        let mut way = vec![newest];
        while let Some(lowest) = way.last()
            && lowest.header.height > self.core.decided().height + 1
            && let Some(parent) = self.known(&lowest.header.parent)
        {
            way.push(parent.clone());
        }
        way.reverse();
        way
    }

    fn built(&mut self, entropy: &mut Entropy) -> Input {
        let asked = self.build();
        match asked {
            Some(input) if !entropy.once_in(4) => input,
            _ => Input::Built {
                view: self.view(entropy),
                block: self.block(entropy),
            },
        }
    }

    fn verdict(&mut self, entropy: &mut Entropy) -> Input {
        let verdict = match entropy.byte() {
            0..=199 => Verdict::Valid,
            200..=239 => Verdict::Retry,
            _ if self.honest.is_some() => Verdict::Valid,
            _ => Verdict::Invalid,
        };
        let asked = self.judging.pop_front();
        let leaf = asked.unwrap_or_else(|| self.block(entropy).header.commitment());
        Input::Validated { leaf, verdict }
    }

    /// The oldest write ends; or the word of an earlier one comes again.
    fn persisted(&mut self, entropy: &mut Entropy) {
        let again = self
            .written
            .get(entropy.below(self.written.len().max(1)))
            .copied();
        let input = match again {
            Some(token) if entropy.once_in(4) => Some(Input::Persisted(token)),
            _ => self.write(),
        };
        self.input(input.unwrap_or(Input::Tick));
    }

    fn time(&mut self, entropy: &mut Entropy) -> Input {
        let ms = match entropy.byte() {
            short @ 0..=223 => u64::from(short) / 2,
            long => u64::from(long) * 50,
        };
        self.clock.elapsed += Duration::from_millis(ms);
        self.clock.wall_ms = self.clock.wall_ms.saturating_add(ms);
        if entropy.once_in(128) {
            // A clock may be set.
            self.clock.wall_ms = EPOCH_MS.saturating_add(entropy.number() >> 1);
        }
        Input::Tick
    }

    /// Elsewhere the chain grows by many blocks, and a peer tells of them at once, asked or not.
    fn grow(&mut self, entropy: &mut Entropy) {
        let mut parent = self.parent(entropy);
        let count = if entropy.once_in(4) {
            MAX_ANSWER
        } else {
            entropy.below(16)
        };
        let mut blocks = Vec::new();
        while blocks.len() < count && self.blocks.len() < MAX_BLOCKS {
            let view = View::new(parent.view).next();
            let header = universe::on(&parent, view, self.config.epochs, parent.timestamp_ms + 1, &[]);
            parent = header.clone();
            let block = Block {
                header,
                payload: [].into(),
            };
            self.learn(block.clone());
            blocks.push(block);
        }
        let agreed = blocks.iter().all(|block| self.finalises(&block.header));
        if !agreed || blocks.is_empty() {
            return;
        }
        let certificate = universe::certificate(universe::data(&parent));
        self.input(Input::Blocks(Arc::new(FetchedBlocks {
            blocks,
            tail: Vec::new(),
            certificate,
        })));
    }
}
