// The fingerprint of the sources that `dist` was built from. `npm run build` writes it to dist/build.json; scripts/prepack.mjs
// compares it. Plain JavaScript: `npm pack` runs before anything is installed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Every file and folder whose content decides what the published files contain. */
const SOURCES = [
  'Cargo.lock',
  'Cargo.toml',
  'build.rs',
  'js',
  'package-lock.json',
  'rust-toolchain.toml',
  'scripts/build',
  'src',
];
/** Parts of `src` that no published file contains. */
const UNPUBLISHED = 'src/edge';

function* filesBelow(root, path) {
  if (path === UNPUBLISHED) return;
  if (!statSync(join(root, path)).isDirectory()) yield path;
  else for (const name of readdirSync(join(root, path)).sort()) yield* filesBelow(root, `${path}/${name}`);
}

/** Returns the SHA-256 of all sources, in hexadecimal. */
export function fingerprint(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of filesBelow(root, source)) {
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(join(root, file)))
        .update('\0');
    }
  }
  return hash.digest('hex');
}
