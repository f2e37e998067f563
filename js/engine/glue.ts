// The wasm-bindgen glue and the two ways to put a module behind it.

import * as glue from 'wxauth-core';
import type { CoreModule } from '../client/host.js';

export type Exports = Record<string, unknown>;

/** What the module imports. A copy: a namespace object is no plain object on every engine. */
export const imports = (): Record<string, Record<string, unknown>> => ({ './core_bg.js': Object.assign({}, glue) });

/** Puts a module behind the glue. Once: a second one would leave objects of the first dangling. */
export function connect(exports: Exports): CoreModule {
  (glue as unknown as { __wbg_set_wasm(exports: Exports): void }).__wbg_set_wasm(exports);
  return glue as unknown as CoreModule;
}
