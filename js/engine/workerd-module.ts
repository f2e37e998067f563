// The module in workerd, which compiles it at deployment: a Worker may not compile one. The build replaces node-module.ts
// with this file.

// @ts-expect-error workerd and wrangler import a .wasm file as a WebAssembly.Module.
import compiled from './wxauth.wasm';

export const module = compiled as WebAssembly.Module;
