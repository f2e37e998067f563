// The module in Node: read from the file beside the entry.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = typeof __dirname === 'string' ? __dirname : fileURLToPath(new URL('.', import.meta.url));

export const module = new WebAssembly.Module(readFileSync(join(here, 'wxauth.wasm')));
