// Runs before `npm pack` and `npm publish`. Refuses, with one sentence, a `dist` that is incomplete or older than the
// sources, and versions that differ.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprint } from './build/fingerprint.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Every path that a field of package.json names. */
function paths(value) {
  if (typeof value === 'string') return [value.replace(/^\.\//, '')];
  return value && typeof value === 'object' ? Object.values(value).flatMap(paths) : [];
}

function problem() {
  const { exports, main, types, typesVersions, bin, files, miniprogram } = manifest;
  const named = paths({ exports, main, types, typesVersions, bin, files });
  // WeChat's npm build copies this folder; its fallback and its types have no field of their own.
  const phone = ['index.js', 'fallback.js', 'wxauth.wasm.br', 'errors.js', 'index.d.ts', 'errors.d.ts'];
  const needed = [...named, ...phone.map((file) => `${miniprogram}/${file}`)];
  const missing = [...new Set(needed)].filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) return `${missing.join(', ')} missing; \`npm run build\` first.`;
  const record = join(root, 'dist/build.json');
  const built = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')).sources : '';
  if (built !== fingerprint(root)) return 'dist was built from other sources; `npm run build` first.';
  const crate = /^version = "([^"]+)"/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))?.[1];
  if (crate !== manifest.version) return `package.json has version ${manifest.version}, Cargo.toml ${crate}.`;
  return undefined;
}

const found = problem();
if (found) {
  console.error(`wxauth: ${found}`);
  process.exit(1);
}
