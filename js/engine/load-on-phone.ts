// Loads the core in a mini program: through WXWebAssembly, by a path in the code package, or as JavaScript if that is
// missing, fails or does not answer in time (docs/platform-facts.md §5: failures were seen after up to 176 s). The first
// of the two to be ready is used. A failure of WXWebAssembly is stored, and not tried again under the same versions.

import type { CoreModule } from '../client/host.js';
import type { WxLike } from '../hosts/wx-host.js';
import { connect, type Exports, imports } from './glue.js';

declare const WXWebAssembly:
  | { instantiate(path: string, imports: unknown): Promise<{ instance?: { exports: Exports }; exports?: Exports }> }
  | undefined;
declare const require: (path: './fallback.js') => { instantiate(imports: unknown): Exports };

/** Milliseconds to wait for WXWebAssembly. */
const TIMEOUT_MS = 3_000;
/** Storage key of the versions under which WXWebAssembly failed. */
const FAILED_KEY = 'wxauth:engine';

let loading: Promise<CoreModule> | undefined;

/** Loads the core once; `wasm` is its path in the code package, `false` the JavaScript. */
export function loadOnPhone(wx: WxLike, wasm: string | false): Promise<CoreModule> {
  if (!loading) {
    loading = load(wx, wasm);
    // A failure is final for this client; the next createAuth tries again.
    loading.catch(() => {
      loading = undefined;
    });
  }
  return loading;
}

function load(wx: WxLike, wasm: string | false): Promise<CoreModule> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let timeout: ReturnType<typeof setTimeout> | undefined;
    const use = (exports: Exports) => {
      if (settled) return;
      settled = true;
      clearTimeout(timeout);
      resolve(connect(exports));
    };
    const fallBack = () => {
      if (settled) return;
      try {
        use(require('./fallback.js').instantiate(imports()));
      } catch (error) {
        settled = true;
        reject(error);
      }
    };
    const failed = () => {
      if (settled) return;
      fallBack();
      remember(wx);
    };
    if (wasm === false || typeof WXWebAssembly === 'undefined' || isRemembered(wx)) return fallBack();
    timeout = setTimeout(failed, TIMEOUT_MS);
    try {
      WXWebAssembly.instantiate(wasm, imports()).then((result) => {
        // The official typings name an instance; phones return `{ instance }`.
        const exports = (result.instance || result).exports;
        if (exports) use(exports);
        else failed();
      }, failed);
    } catch {
      failed();
    }
  });
}

/** Versions of the base library and WeChat: a failure of WXWebAssembly is remembered for these only. */
function versions(wx: WxLike): string {
  const base = wx.getAppBaseInfo?.() || {};
  return `${base.SDKVersion}|${base.version}`;
}

function isRemembered(wx: WxLike): boolean {
  try {
    return wx.getStorageSync(FAILED_KEY) === versions(wx);
  } catch {
    return false;
  }
}

function remember(wx: WxLike): void {
  try {
    wx.setStorage({ key: FAILED_KEY, data: versions(wx), fail() {} });
  } catch {
    // Without storage the next start tries WXWebAssembly again.
  }
}
