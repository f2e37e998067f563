import { existsSync } from 'node:fs';
import { at } from '../scripts/shell.mts';

/** The path of a file in dist/. Throws a sentence if the package is not built. */
export function built(...path: string[]): string {
  const file = at('dist', ...path);
  if (!existsSync(file)) throw new Error(`dist/${path.join('/')} is missing: run \`npm run build\` first.`);
  return file;
}
