// Loads the core on a web page. By default wxauth.wasm is beside the entry.

import type { CoreModule } from '../client/host.js';
import { connect, imports } from './glue.js';

let loading: Promise<CoreModule> | undefined;

/** Loads the core once. After a failure the next call tries again. */
export function loadOnPage(
  address: string | { readonly href: string } = new URL('./wxauth.wasm', import.meta.url),
): Promise<CoreModule> {
  const url = typeof address === 'string' ? address : address.href;
  loading ??= fetch(url)
    .then(async (response) => {
      if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
      // instantiateStreaming requires the type application/wasm, which many servers do not send.
      return WebAssembly.instantiate(await response.arrayBuffer(), imports() as WebAssembly.Imports);
    })
    .then(({ instance }) => connect(instance.exports));
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}
