// The JavaScript environment of a phone: a context with the globals of a phone only (docs/platform-facts.md §5.2), which
// loads the shipped files like WeChat.
import { readFileSync } from 'node:fs';
import { compileFunction, createContext, runInContext } from 'node:vm';
import { brotliDecompressSync } from 'node:zlib';
import type * as weapp from '../../js/entries/weapp.js';
import { built } from '../built.mts';

/** Behaviour of `WXWebAssembly.instantiate`. A promise: it answers when the promise resolves. */
export type WasmFault = 'none' | 'absent' | 'failing' | 'silent' | Promise<void>;

const ABSENT = [
  'WebAssembly',
  'BigInt',
  'BigInt64Array',
  'BigUint64Array',
  'FinalizationRegistry',
  'WeakRef',
  'SharedArrayBuffer',
  'Atomics',
  'eval',
  'Intl',
  'console',
  'escape',
  'unescape',
];

export interface LockedPhone {
  weapp: typeof weapp;
  /** Another shipped file, by a path like './errors.js'. */
  require(path: string): object;
  /** Names of the files that were required. */
  required: string[];
}

export function lockedPhone(wx: object, fault: WasmFault = 'none', globals: object = {}): LockedPhone {
  const app = {};
  const sandbox: Record<string, unknown> = {
    wx,
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    getApp: () => app,
    ...globals,
  };
  if (fault !== 'absent') sandbox.WXWebAssembly = { instantiate: instantiate(fault) };
  const context = createContext(sandbox, { codeGeneration: { strings: false, wasm: false } });
  runInContext(
    `for (const name of ${JSON.stringify(ABSENT.filter((name) => !(name in globals)))}) delete globalThis[name];`,
    context,
  );
  const required: string[] = [];
  const require = (path: string): object => {
    const file = path.replace(/^\.\//, '');
    required.push(file);
    const module = { exports: {} };
    const source = readFileSync(built('weapp', file), 'utf8');
    compileFunction(source, ['require', 'module', 'exports'], { parsingContext: context, filename: file })(
      require,
      module,
      module.exports,
    );
    return module.exports;
  };
  return { weapp: require('./index.js') as typeof weapp, require, required };
}

/** Accepts a path in the code package, as on a phone, and refuses bytes and urls. */
function instantiate(fault: WasmFault) {
  return async (path: unknown, imports: unknown) => {
    if (typeof path !== 'string' || !path.startsWith('/'))
      throw new TypeError('instantiate needs a path in the code package');
    if (!imports) throw new TypeError('Android crashes without imports');
    if (fault === 'failing') throw new Error('CompileError: invalid wasm file');
    if (fault === 'silent') return new Promise<never>(() => {});
    if (typeof fault === 'object') await fault;
    const file = path.replace('/miniprogram_npm/wxauth/', '');
    const bytes = brotliDecompressSync(readFileSync(built('weapp', file)));
    const { instance } = await WebAssembly.instantiate(bytes, imports as WebAssembly.Imports);
    return { instance };
  };
}
