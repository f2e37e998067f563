// Brings the core up in a mini program: WXWebAssembly by package path, or the same module as
// JavaScript where that is missing, fails, or is silent (docs/platform-facts.md §5: failures were seen
// after up to 176 s). The first engine to answer wins, and the choice is remembered.

import type { CoreModule } from '../client/host.js';
import type { WxLike } from '../hosts/wx-host.js';
import { connect, type Exports, imports } from './glue.js';

declare const WXWebAssembly:
  | { instantiate(path: string, imports: unknown): Promise<{ instance?: { exports: Exports }; exports?: Exports }> }
  | undefined;
declare const require: (path: './fallback.js') => { instantiate(imports: unknown): Exports };

const PATIENCE_MS = 3_000;
const REMEMBER = 'wxauth:engine';

let loading: Promise<CoreModule> | undefined;

export function loadOnPhone(wx: WxLike, wasm: string | false): Promise<CoreModule> {
  if (!loading) {
    loading = load(wx, wasm);
    // A failure to load is final for those who wait now; the next createAuth may try again.
    loading.catch(() => {
      loading = undefined;
    });
  }
  return loading;
}

function load(wx: WxLike, wasm: string | false): Promise<CoreModule> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const use = (exports: Exports) => {
      if (settled) return;
      settled = true;
      clearTimeout(patience);
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
    patience = setTimeout(failed, PATIENCE_MS);
    try {
      WXWebAssembly.instantiate(wasm, imports()).then((result) => {
        // The typings promise an instance, the phones give `{ instance }`.
        const exports = (result.instance || result).exports;
        if (exports) use(exports);
        else failed();
      }, failed);
    } catch {
      failed();
    }
  });
}

/** WXWebAssembly failed under this base library and WeChat; another version gets another chance. */
function versions(wx: WxLike): string {
  const base = wx.getAppBaseInfo?.() || {};
  return `${base.SDKVersion}|${base.version}`;
}

function isRemembered(wx: WxLike): boolean {
  try {
    return wx.getStorageSync(REMEMBER) === versions(wx);
  } catch {
    return false;
  }
}

function remember(wx: WxLike): void {
  try {
    wx.setStorage({ key: REMEMBER, data: versions(wx), fail() {} });
  } catch {
    // Then the next start finds out again.
  }
}
