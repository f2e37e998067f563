// The module, as workerd gives it: a Worker may not compile one. Takes the place of node.ts there.

// @ts-expect-error workerd and wrangler make a WebAssembly.Module of it.
import compiled from './wxauth.wasm';

export const module = compiled as WebAssembly.Module;
