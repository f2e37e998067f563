// References to tests in documents: `FILE › NAME`.
import { existsSync, readFileSync } from 'node:fs';
import { at } from '../scripts/shell.mts';

/** True if the file has a test of this name. In tests/model a property of the checked model counts as a test. */
export function isTest(reference: string): boolean {
  const [file = '', name = ''] = reference.split(' › ');
  if (!name || !existsSync(at(file))) return false;
  const source = readFileSync(at(file), 'utf8');
  if (file.startsWith('tests/model/') && source.includes(`"${name}"`)) return true;
  if (file.endsWith('.rs')) return new RegExp(`#\\[test\\](?:\\s*(?:#\\[.*\\]|//.*))*\\s*fn ${name}\\(`).test(source);
  const unescaped = source.replace(/\\'/g, "'");
  return ["'", '"', '`'].some((quote) => unescaped.includes(`test(${quote}${name}${quote},`));
}
