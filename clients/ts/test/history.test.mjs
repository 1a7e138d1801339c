// Reads the root history of a running rollup. `cargo xtask client` starts one on a local chain and says in EXPECTED what it holds:
// {"url", "program", "roots": [hex, …] by height}.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createSolanaRpc } from '@solana/kit';
import client from '../dist/index.js';

const { decodeRootHistory, fetchRootHistory, findRollupPda, getRollupSize, hex } = client;

const expected = JSON.parse(process.env.EXPECTED ?? 'null');
assert(expected, 'EXPECTED is not set: run `cargo xtask client`');
const rpc = createSolanaRpc(expected.url);

test('the root history is what was posted', async () => {
    const { rollup, roots } = await fetchRootHistory(rpc, expected.program);
    assert.equal(rollup.state.stateVersion, 2n);
    assert.equal(rollup.state.last.height, BigInt(expected.roots.length - 1));
    assert.deepEqual(
        roots.map((entry) => [Number(entry.height), hex(entry.stateRoot)]),
        expected.roots.map((root, height) => [height, root]),
    );
    assert(roots.slice(1).every((entry) => entry.slot > 0n && entry.unixTime > 0n));
});

test('the address is the one that the program derives', async () => {
    const [address] = await findRollupPda({ programAddress: expected.program });
    const account = await rpc.getAccountInfo(address, { encoding: 'base64' }).send();
    assert.equal(account.value?.owner, expected.program);
});

test('another account is not a rollup', async () => {
    const [address] = await findRollupPda({ programAddress: expected.program });
    const account = await rpc.getAccountInfo(address, { encoding: 'base64' }).send();
    const data = new Uint8Array(Buffer.from(account.value.data[0], 'base64'));
    assert.equal(decodeRootHistory(data).roots.length, expected.roots.length);
    assert.throws(() => decodeRootHistory(data.subarray(0, getRollupSize() - 1)), /not the account of a rollup/);
    data[0] ^= 1;
    assert.throws(() => decodeRootHistory(data), /not the account of a rollup/);
    await assert.rejects(fetchRootHistory(rpc, '11111111111111111111111111111111'));
});
