/**
 * The root history: the newest 256 heights with their state roots.
 *
 * The IDL describes the account's head. Behind it come a count (u32, then 4 zero bytes) and the ring of entries, in which height `h`
 * stands at index `h mod 256`; this file reads that.
 */
import { fetchEncodedAccount, assertAccountExists, type Address, type ReadonlyUint8Array } from '@solana/kit';
import {
    ASSET_ROLLUP_PROGRAM_PROGRAM_ADDRESS,
    ROLLUP_DISCRIMINATOR,
    findRollupPda,
    getRingEntryDecoder,
    getRollupDecoder,
    getRollupSize,
    type RingEntry,
    type Rollup,
} from './generated';

/** Entries of the ring. */
export const RING = 256n;
/** Bytes of the count behind the head. */
const COUNT = 8;

/** A rollup's account with its history. */
export type RootHistory = {
    /** The head of the account. */
    rollup: Rollup;
    /** What the ring holds, oldest first. The last is the newest accepted height. */
    roots: RingEntry[];
};

/** Reads the account's data. Throws if it is not a rollup's account. */
export function decodeRootHistory(data: ReadonlyUint8Array): RootHistory {
    if (data.length < getRollupSize() || ROLLUP_DISCRIMINATOR.some((byte, at) => data[at] !== byte)) {
        throw new Error(`not the account of a rollup: ${data.length} bytes`);
    }
    const rollup = getRollupDecoder().decode(data);
    const decoder = getRingEntryDecoder();
    const { buffer, byteOffset, byteLength } = data as Uint8Array;
    const count = new DataView(buffer, byteOffset, byteLength).getUint32(getRollupSize(), true);
    const last = rollup.state.last.height;
    const oldest = last < RING ? 0n : last - RING + 1n;
    const roots: RingEntry[] = [];
    for (let height = oldest; height <= last; height++) {
        const index = Number(height % RING);
        const offset = getRollupSize() + COUNT + index * decoder.fixedSize;
        if (index >= count || offset + decoder.fixedSize > data.length) continue;
        const entry = decoder.decode(data, offset);
        if (entry.height === height) roots.push(entry);
    }
    return { rollup, roots };
}

/** Fetches the rollup's account of a program and reads it. */
export async function fetchRootHistory(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    programAddress: Address = ASSET_ROLLUP_PROGRAM_PROGRAM_ADDRESS,
): Promise<RootHistory> {
    const [address] = await findRollupPda({ programAddress });
    const account = await fetchEncodedAccount(rpc, address, { commitment: 'confirmed' });
    assertAccountExists(account);
    if (account.programAddress !== programAddress) {
        throw new Error(`${address} belongs to ${account.programAddress}, expected ${programAddress}`);
    }
    return decodeRootHistory(account.data);
}

/** A digest in hexadecimal. */
export function hex(bytes: ReadonlyUint8Array): string {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
