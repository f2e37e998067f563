// Connects the wasm-bindgen glue to a module: its imports, then its exports.

import * as glue from 'wxauth-core';
import type { CoreModule } from '../client/host.js';

/** Exports of an instance. */
export type Exports = Record<string, unknown>;

/** The module's imports. A copy, since some engines reject a module namespace object here. */
export const imports = (): Record<string, Record<string, unknown>> => ({ './core_bg.js': Object.assign({}, glue) });

/** Sets the module that the glue calls. Once only: objects of the first module would point into the second. */
export function connect(exports: Exports): CoreModule {
  (glue as unknown as { __wbg_set_wasm(exports: Exports): void }).__wbg_set_wasm(exports);
  return glue as unknown as CoreModule;
}
