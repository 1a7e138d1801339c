// Generates src/generated from the newest release's IDL in the registry; with --check it compares instead of writing.
//
// The renderer writes a whole package; only its sources are kept, and package.json here is ours.

import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';
import { visit } from '@codama/visitors-core';

const here = dirname(fileURLToPath(import.meta.url));
const releases = join(here, '../../registry/asset_rollup_program');
const generated = join(here, 'src/generated');

/** The newest version among the registry's folders. */
function newest() {
    const versions = readdirSync(releases).filter((name) => /^\d+\.\d+\.\d+$/.test(name));
    const parts = (version) => version.split('.').map(Number);
    versions.sort((a, b) => {
        const [left, right] = [parts(a), parts(b)];
        return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
    });
    return versions.at(-1);
}

/** Every file below a folder with its text. */
function files(folder) {
    const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(paths.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
}

/** Names of files that differ, or are on one side only. */
function differences(ours, theirs) {
    const names = new Set([...ours.keys(), ...theirs.keys()]);
    return [...names].filter((name) => ours.get(name) !== theirs.get(name)).sort();
}

const version = newest();
const idl = JSON.parse(readFileSync(join(releases, version, 'idl.json'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'client-'));
try {
    await visit(rootNodeFromAnchor(idl), renderVisitor(scratch));
    const rendered = join(scratch, 'src/generated');
    if (process.argv.includes('--check')) {
        const different = differences(files(generated), files(rendered));
        if (different.length > 0) {
            console.error(`error: src/generated is not what the IDL of ${version} gives: ${different.join(', ')}`);
            console.error('hint: `cargo xtask client` writes it anew; commit the result');
            process.exitCode = 1;
        } else {
            console.log(`src/generated is what the IDL of ${version} gives`);
        }
    } else {
        rmSync(generated, { recursive: true, force: true });
        cpSync(rendered, generated, { recursive: true });
        console.log(`src/generated written from the IDL of ${version}`);
    }
} finally {
    rmSync(scratch, { recursive: true, force: true });
}
