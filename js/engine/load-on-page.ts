// Brings the core up on a web page: the module lies beside this file.

import type { CoreModule } from '../client/host.js';
import { connect, imports } from './glue.js';

let loading: Promise<CoreModule> | undefined;

export function loadOnPage(
  address: string | { readonly href: string } = new URL('./wxauth.wasm', import.meta.url),
): Promise<CoreModule> {
  const url = typeof address === 'string' ? address : address.href;
  loading ??= fetch(url)
    .then(async (response) => {
      if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
      // Not instantiateStreaming: servers that do not know application/wasm are common.
      return WebAssembly.instantiate(await response.arrayBuffer(), imports() as WebAssembly.Imports);
    })
    .then(({ instance }) => connect(instance.exports));
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}
