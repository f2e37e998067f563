// Examples of the documents: a fenced block below a comment `<!-- run: NAME -->` is run by a test.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { at } from '../scripts/shell.mts';
import type { Json } from './harness.mts';

/** The examples of one document in the language `js`: name -> source. */
export function examplesOf(file: string): Map<string, string> {
  const blocks = readFileSync(at(file), 'utf8').matchAll(/<!-- run: (\S+) -->\n```js\n([\s\S]*?)```/g);
  return new Map([...blocks].map(([, name = '', source = '']) => [name, source]));
}

/** One example, with `edge` in the place of https://auth.example.com. */
export function exampleOf(file: string, name: string, edge: string): string {
  const source = examplesOf(file).get(name);
  assert.ok(source, `${file} has no example "${name}"`);
  return source.replaceAll('https://auth.example.com', edge);
}

const inputsOf = new Map<string, Record<string, Json>>();
Object.assign(globalThis, { inputsOfExample: (id: string) => inputsOf.get(id) });

/**
 * Runs an example as an ES module inside this package, so that `import … from 'wxauth/node'` resolves as it does for a
 * user. `inputs` are the names that the example expects; the result has the names in `declared`.
 */
export async function runExample(source: string, inputs: Record<string, Json>, declared: string[]): Promise<Json> {
  const id = String(inputsOf.size);
  inputsOf.set(id, inputs);
  const folder = at('target', 'doc-examples');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${process.pid}-${id}.mjs`);
  const given = `const { ${Object.keys(inputs).join(', ')} } = inputsOfExample(${JSON.stringify(id)});`;
  writeFileSync(file, `${given}\n${source}\nexport { ${declared.join(', ')} };\n`);
  return import(pathToFileURL(file).href);
}
