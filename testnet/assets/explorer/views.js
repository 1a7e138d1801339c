// The pages, each from what the validators and Solana say to nodes.

import * as data from "./data.js";
import { account, asset, badge, block, facts, h, hash, heading, link, note, number, short, table, time, transaction } from "./dom.js";
import * as proof from "./proof.js";

const BLOCKS = 12;
const POLL_MS = 800;
const PATIENCE = 60;

const tile = (name, value, below) => h("div", { class: "tile" }, h("dt", {}, name), h("dd", {}, value), h("p", {}, below));
const outcome = (failed) => (failed ? badge("bad", "failed") : badge("good", "applied"));
const signature = (text) => h("code", { title: text }, short(text));
const kind = (entry) => (entry.kind === "call" ? `call ${entry.note}` : entry.kind);

const transactionColumns = [
  ["Transaction", "", (entry) => transaction(entry.id)],
  ["What", "", (entry) => [kind(entry), " ", entry.failed ? badge("bad", "failed") : ""]],
  ["From", "", (entry) => account(entry.from)],
  ["To", "", (entry) => (entry.to ? account(entry.to) : "")],
  ["Amount", "number", (entry) => (entry.amount === "0" ? "—" : asset(entry.amount))],
  ["Block", "number", (entry) => block(entry.height)],
];
const settlementColumns = [
  ["Solana transaction", "", (post) => signature(post.signature)],
  ["Slot", "number", (post) => number(post.slot)],
  ["Roots", "number", (post) => number(post.roots)],
  ["Up to block", "number", (post) => block(post.height)],
];

async function latestBlocks(height) {
  const wanted = Array.from({ length: Math.min(BLOCKS, height) }, (_, back) => height - back);
  return Promise.all(wanted.map((at) => data.rpc("asset_block", at)));
}

async function overview() {
  const [status, root, posts] = await Promise.all([data.rpc("asset_status"), data.recorded(), data.settlements()]);
  const blocks = await latestBlocks(status.height);
  const spans = blocks.slice(1).map((older, at) => blocks[at].timestamp_ms - older.timestamp_ms).sort((a, b) => a - b);
  const interval = spans.length ? spans[spans.length >> 1] : undefined;
  const transactions = blocks.reduce((sum, one) => sum + one.transactions, 0);
  const seconds = spans.reduce((sum, span) => sum + span, 0) / 1000;
  const behind = Math.max(0, status.height - root.newest);
  return [
    heading("Chain"),
    root.frozen ? h("p", { class: "badge bad" }, "The rollup is frozen: two certificates contradict each other.") : undefined,
    h("dl", { class: "tiles" },
      tile("Newest block", number(status.height), interval ? `a block every ${interval} ms` : "no interval yet"),
      tile("Recorded on Solana", number(root.newest), behind ? `${number(behind)} ${behind === 1 ? "block" : "blocks"} behind` : "nothing is behind"),
      tile("Transactions", seconds ? `${(transactions / seconds).toFixed(1)} /s` : "—", `${number(status.mempool.transactions)} wait`),
      tile("Committee", `${status.peers + 1} of ${status.committee}`, `connected; view ${number(status.view)}`)),
    h("div", { class: "split" },
      h("section", {}, h("h2", {}, "Latest blocks"), table([
        ["Block", "", (one) => block(one.height)],
        ["Time", "", (one) => time(one.timestamp_ms)],
        ["Transactions", "number", (one) => number(one.transactions)],
      ], blocks, "No block has been decided yet.")),
      h("section", {}, h("h2", {}, "Latest roots on Solana"),
        table(settlementColumns, posts.slice(0, BLOCKS), "Solana has recorded no root yet."))),
  ].filter(Boolean);
}

async function transactions(before) {
  const entries = await data.transactions({ before: before || undefined });
  return [heading("Transactions"), table(transactionColumns, entries, "There is no transaction yet."), older("transactions", entries)];
}

function older(page, entries) {
  const last = entries.at(-1)?.number;
  return last ? h("p", { class: "more" }, link(`${page}/${last}`, "Older transactions →")) : h("p", {});
}

async function programs() {
  const deployed = await data.programs();
  const named = await Promise.all(deployed.slice(0, 50).map(async (program) => {
    const view = await data.rpc("asset_program", program.address).catch(() => undefined);
    return { ...program, name: view ? view.name : "closed", owns: view ? asset(view.balance) : "—" };
  }));
  return [heading("Programs"), table([
    ["Program", "", (program) => account(program.address)],
    ["Name", "", (program) => program.name],
    ["Deployed by", "", (program) => account(program.by)],
    ["Owns", "number", (program) => program.owns],
    ["Block", "number", (program) => block(program.height)],
  ], named, "No program has been deployed yet.")];
}

async function committee() {
  const [genesis, certified] = await Promise.all([data.genesis(), data.rpc("asset_latestRoot")]);
  const signed = proof.signers(certified.certificate, genesis.committee.length);
  const members = genesis.committee.map((member, at) => ({ ...member, signed: signed[at] }));
  return [heading("Committee"), note("Who signed the certificate of block ", block(certified.height), ", the newest."), signersTable(members)];
}

const signersTable = (members) => table([
  ["Validator", "", (member) => hash(member.node)],
  ["Stake", "number", (member) => number(member.stake)],
  ["Certificate", "", (member) => (member.signed ? badge("good", "signed") : badge("plain", "not among them"))],
], members, "There is no committee.");

async function solana() {
  const [root, posts] = await Promise.all([data.recorded(), data.settlements()]);
  return [
    heading("Roots on Solana"),
    facts([
      ["Newest block", block(root.newest)],
      root.root && ["Its state root", h("code", {}, root.root.state_root)],
      root.root && ["Recorded in slot", number(root.root.slot)],
      ["Rollup", root.frozen ? badge("bad", "frozen") : badge("good", "accepts roots")],
    ]),
    h("h2", {}, "Transactions that recorded them"),
    table(settlementColumns, posts, "Solana has recorded no root yet."),
  ];
}

// A step of a check: it waits until it is decided.
class Step {
  constructor(text) {
    this.text = h("span", {}, text);
    this.node = h("li", {}, this.text);
  }
  settle(good, ...text) {
    this.node.className = good ? "yes" : "no";
    this.text.replaceChildren(...text.flat());
  }
}

const steps = (list) => h("div", { class: "card" }, h("ol", { class: "steps", "aria-live": "polite" }, list.map((step) => step.node)));

// Waits until Solana has recorded a height, then says by which transaction.
async function settle(step, height, root, current) {
  for (let tries = 0; tries < PATIENCE && current(); tries++) {
    const [there, post] = await Promise.all([data.recorded(height), data.settlementOf(height)]).catch(() => [undefined, undefined]);
    const said = there?.root;
    if (said && said.state_root !== root) {
      step.settle(false, "Solana has recorded another root of block ", block(height), ": ", h("code", {}, said.state_root));
      return;
    }
    if ((said || there?.newest >= height) && post) {
      const how = said ? "Solana has recorded the same root" : "Solana has recorded a root of this block";
      step.settle(true, `${how} in slot ${number(post.slot)}, by transaction `, h("code", {}, post.signature));
      return;
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  if (current()) step.settle(false, "Solana has not recorded the root of block ", block(height), " yet.");
}

async function oneBlock(argument, current) {
  const height = Number(argument);
  const [view, certified, genesis] = await Promise.all([
    data.rpc("asset_block", height), data.rpc("asset_certificate", height), data.genesis()]);
  const header = await proof.header(view.header);
  const [leaf, settled] = [new Step("The header's hash"), new Step("Waiting for Solana to record the root…")];
  const good = header.leaf === view.leaf && header.root === view.state_root && header.height === BigInt(height);
  leaf.settle(good, good ? "The header hashes to the block's commitment; checked here." : "The header does not hash to the block's commitment.");
  settle(settled, height, view.state_root, current);
  const signed = proof.signers(certified.certificate, genesis.committee.length);
  const members = genesis.committee.map((member, at) => ({ ...member, signed: signed[at] }));
  const count = signed.filter(Boolean).length;
  const own = certified.height === height ? "its own certificate" : "the certificate of a later block";
  return [
    heading(`Block ${number(height)}`, view.leaf),
    facts([
      ["Time", time(view.timestamp_ms)],
      ["View", number(view.view), ", epoch ", number(view.epoch)],
      ["Parent", height > 1 ? link(`block/${height - 1}`, h("code", {}, header.parent)) : h("code", {}, header.parent)],
      ["State root", h("code", {}, view.state_root)],
      ["Payload", h("code", {}, header.payload)],
      ["Final by", `${count} of ${members.length} validators, in ${own}`],
    ]),
    h("h2", {}, "Checks"), steps([leaf, settled]),
    h("h2", {}, `Transactions (${number(view.transactions)})`),
    table([
      ["Transaction", "", (receipt) => transaction(receipt.id)],
      ["Outcome", "", (receipt) => outcome(receipt.failure)],
      ["Gas", "number", (receipt) => number(receipt.gas_used)],
      ["Fee", "number", (receipt) => asset(receipt.fee)],
    ], view.receipts, "The block is empty."),
    h("h2", {}, "Signers"), signersTable(members),
  ];
}

const announced = (event) => event.name
  ? `${event.name}(${(event.fields ?? []).map(([name, value]) => `${name}: ${value.value}`).join(", ")})`
  : `event ${event.event}: ${event.data}`;

async function oneTransaction(id, current) {
  const status = await data.rpc("asset_transactionStatus", id);
  if (!status.receipt) {
    const text = status.status === "pending" ? "It waits for a block." : "No validator knows it: it may never have been sent, or it has expired.";
    return [heading("Transaction", id), note(text)];
  }
  const [receipt, view] = [status.receipt, await data.rpc("asset_block", status.height)];
  const listed = view.receipts[status.index]?.id === id;
  const [inside, settled] = [new Step("In its block"), new Step("Waiting for Solana to record the block's root…")];
  inside.settle(listed, listed ? ["It is number ", number(status.index), " of block ", block(status.height)] : "The block does not list it.");
  settle(settled, status.height, view.state_root, current);
  const entry = await find(id, status.height);
  return [
    heading("Transaction", id),
    facts([
      ["Outcome", outcome(receipt.failure), receipt.failure ? ` ${receipt.failure.message} (code ${receipt.failure.code})` : ""],
      entry && ["What", kind(entry), entry.kind !== "call" && entry.note ? `, “${entry.note}”` : ""],
      entry && ["From", link(`account/${entry.from}`, h("code", {}, entry.from))],
      entry?.to && [entry.kind === "deploy" ? "Program" : "To", link(`account/${entry.to}`, h("code", {}, entry.to))],
      entry && entry.amount !== "0" && ["Amount", asset(entry.amount)],
      ["Fee", asset(receipt.fee)],
      receipt.gas_used > 0 && ["Gas", number(receipt.gas_used)],
      ["Time", time(view.timestamp_ms)],
      ...(receipt.events ?? []).map((event) => ["Event", h("code", {}, announced(event)), " of ", account(event.program)]),
    ]),
    h("h2", {}, "Checks"), steps([inside, settled]),
  ];
}

async function find(id, height) {
  const entries = await data.transactions({ height }).catch(() => []);
  return entries.find((entry) => entry.id === id);
}

async function oneAccount(address, current) {
  if (!proof.address(address)) throw new Error("That is no address: it must be 32 bytes in base58.");
  const [view, program, entries] = await Promise.all([
    data.rpc("asset_account", address),
    data.rpc("asset_program", address).catch(() => undefined),
    data.transactions({ account: address }),
  ]);
  const [shown, settled] = [new Step("Checking the proof…"), new Step("Waiting for Solana to record the root…")];
  const check = async () => {
    const led = await proof.account(view);
    const good = led.root === view.state_root;
    shown.settle(good, good ? `Balance and nonce lead to the state root of block ${number(view.height)} by ${led.hashes} hashes: ` : "Balance and nonce lead to another root: ", h("code", {}, led.root));
    if (good) await settle(settled, view.height, led.root, current);
    else settled.settle(false, "Nothing to compare with Solana.");
  };
  check().catch((error) => {
    shown.settle(false, `The proof does not hold: ${error.message}.`);
    settled.settle(false, "Nothing to compare with Solana.");
  });
  return [
    heading(program ? `Program ${program.name}` : "Account", address),
    facts([
      ["Balance", h("strong", {}, asset(view.balance))],
      !program && ["Transactions sent", number(view.nonce)],
      ["As of", "block ", block(view.height)],
    ]),
    h("h2", {}, "Proof, checked in this page"), steps([shown, settled]),
    ...(program ? await programParts(program) : []),
    h("h2", {}, "Transactions"), table(transactionColumns, entries, "None among those that this explorer keeps."),
  ];
}

const shape = (fn) => `${fn.name}(${fn.params.map((field) => `${field.name}: ${field.type}`).join(", ")})${fn.results.length ? ` → ${fn.results.join(", ")}` : ""}`;

async function programParts(program) {
  const checked = new Step("Checking the program's proof…");
  const led = await proof.program(program).catch((error) => ({ error }));
  const good = led.root === program.state_root;
  checked.settle(good, good ? `Code, authority and entries lead to the root of block ${number(program.height)} by ${led.hashes} hashes.` : `The program's proof does not hold: ${led.error?.message ?? "another root"}.`);
  return [
    h("h2", {}, "Program"),
    facts([
      ["Code", h("code", {}, program.code_hash)],
      ["Authority", program.authority ? account(program.authority) : "nobody: it stays what it is for good"],
      ["Stores", `${number(program.entries)} entries`],
      ...program.functions.map((fn) => [fn.kind === "init" ? "Constructor" : fn.kind === "view" ? "View" : "Entry", h("code", {}, shape(fn)), fn.payable ? [" ", badge("plain", "takes a payment")] : ""]),
      ...program.events.map((event) => ["Event", h("code", {}, `${event.name}(${event.fields.map((field) => `${field.name}: ${field.type}`).join(", ")})`)]),
      ...program.errors.map((error) => ["Error", h("code", {}, error.name), ` ${error.message}`]),
    ]),
    steps([checked]),
  ];
}

export const views = {
  "": { draw: overview, every: 1000 },
  transactions: { draw: transactions },
  programs: { draw: programs },
  committee: { draw: committee, every: 2000 },
  solana: { draw: solana, every: 2000 },
  block: { draw: oneBlock },
  transaction: { draw: oneTransaction },
  account: { draw: oneAccount },
};
