// Checking in this page: SHA-256, the state tree's rules, headers, certificates' signers.

const text = new TextEncoder();
const DOMAIN = {
  leaf: "asset-l2:leaf:v1",
  key: "asset-l2:st-key1",
  value: "asset-l2:st-val1",
  treeLeaf: "asset-l2:st-leaf",
  node: "asset-l2:st-node",
};
const KIND = { account: 0, program: 2 };
const MAX_DEPTH = 256;

export const unhex = (digits) => {
  if (digits.length % 2 || /[^0-9a-f]/.test(digits)) throw new Error("not hexadecimal");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
};
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function digest(domain, ...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(text.encode(domain), ...parts)));
}

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// The 32 bytes of an address, or nothing.
export function address(base58) {
  let value = 0n;
  for (const letter of base58) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const zeros = base58.match(/^1*/)[0].length;
  const digits = value === 0n ? "" : value.toString(16);
  const bytes = concat(new Uint8Array(zeros), unhex(digits.length % 2 ? `0${digits}` : digits));
  return bytes.length === 32 ? bytes : undefined;
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(count) {
    if (this.at + count > this.bytes.length) throw new Error("the proof ends early");
    return this.bytes.subarray(this.at, (this.at += count));
  }
  byte() {
    return this.take(1)[0];
  }
  u32() {
    return this.take(4).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }
  u64() {
    return this.take(8).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  }
  end() {
    if (this.at !== this.bytes.length) throw new Error("the proof has something behind it");
  }
}

const bit = (key, depth) => (key[depth >> 3] >> (7 - (depth & 7))) & 1;

// The root that a proof leads to, and the bytes of the value that it is about; nothing if it proves that there is none.
async function lead(reader, key, readValue) {
  const count = reader.u32();
  if (count > MAX_DEPTH) throw new Error(`a path of ${count} hashes, expected at most ${MAX_DEPTH}`);
  const siblings = Array.from({ length: count }, () => reader.take(32));
  const kind = reader.byte();
  let value, at;
  if (kind === 0) {
    const start = reader.at;
    readValue(reader);
    value = reader.bytes.subarray(start, reader.at);
    at = await digest(DOMAIN.treeLeaf, key, await digest(DOMAIN.value, value));
  } else if (kind === 1) {
    at = new Uint8Array(32);
  } else if (kind === 2) {
    const [other, hash] = [reader.take(32), reader.take(32)];
    const beside = Array.from({ length: count }, (_, depth) => bit(other, depth) === bit(key, depth));
    if (same(other, key) || beside.includes(false)) throw new Error("the other leaf does not stand in this place");
    at = await digest(DOMAIN.treeLeaf, other, hash);
  } else {
    throw new Error(`a finding of kind ${kind}`);
  }
  reader.end();
  for (let depth = count - 1; depth >= 0; depth--) {
    at = bit(key, depth) ? await digest(DOMAIN.node, siblings[depth], at) : await digest(DOMAIN.node, at, siblings[depth]);
  }
  return { root: hex(at), value, hashes: count };
}

async function begin(proof, base58, kind) {
  const reader = new Reader(unhex(proof));
  const owner = address(base58);
  if (!owner || !same(reader.take(32), owner)) throw new Error("the proof is about another address");
  return [reader, await digest(DOMAIN.key, Uint8Array.of(kind), owner)];
}

const units = (amount) => {
  const [whole, fraction = ""] = amount.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
};

// The root that proves this account's balance and nonce, and by how many hashes.
export async function account(view) {
  const [reader, key] = await begin(view.proof, view.address, KIND.account);
  const led = await lead(reader, key, (from) => from.take(16));
  const value = new Reader(led.value ?? new Uint8Array(16));
  if (value.u64() !== units(view.balance) || value.u64() !== BigInt(view.nonce)) {
    throw new Error("the proof is about another balance or nonce");
  }
  return led;
}

// The root that proves this program's code, authority and count of entries.
export async function program(view) {
  const [reader, key] = await begin(view.proof, view.address, KIND.program);
  const led = await lead(reader, key, (from) => {
    from.take(32);
    if (from.byte() === 1) from.take(32);
    from.take(8);
  });
  if (!led.value) throw new Error("the proof says that there is no program");
  const value = new Reader(led.value);
  const code = hex(value.take(32));
  const authority = value.byte() === 1 ? value.take(32) : undefined;
  const named = view.authority ? address(view.authority) : undefined;
  const agrees = authority ? named && same(authority, named) : !named;
  if (code !== view.code_hash || !agrees || value.u64() !== BigInt(view.entries)) {
    throw new Error("the proof is about other code, another authority or other entries");
  }
  return led;
}

// The leaf commitment of an encoded header, and what it names.
export async function header(encoded) {
  const bytes = unhex(encoded);
  const reader = new Reader(bytes);
  reader.take(34);
  const [epoch, view, height, timestamp] = [reader.u64(), reader.u64(), reader.u64(), reader.u64()];
  const [parent, payload, root] = [reader.take(32), reader.take(32), reader.take(32)].map(hex);
  return { leaf: hex(await digest(DOMAIN.leaf, bytes)), epoch, view, height, timestamp, parent, payload, root };
}

// Which members of the committee signed, by the certificate's bitmap.
export function signers(certificate, members) {
  const bytes = unhex(certificate);
  const bitmap = bytes.subarray(1, 1 + bytes[0]);
  return Array.from({ length: members }, (_, at) => Boolean((bitmap[at >> 3] >> (at & 7)) & 1));
}
