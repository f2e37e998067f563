// Configuration of the simulated WeChat: apps, and the settings that an operator makes at WeChat.

import type { Assumptions } from '../assumptions.js';

/** An app and its settings at WeChat. */
export interface App {
  /** The AppSecret. */
  secret: string;
  /** Default `mini_program`. A third-party platform is a `component`. */
  kind?: 'mini_program' | 'official_account' | 'website' | 'component';
  /** Bound to an Open Platform account: logins return a unionid (§1.1). Default false. */
  unionid?: boolean;
  /** Owned by a certified organisation; otherwise the phone buttons fail (§1.3). Default true. */
  certified?: boolean;
  /** Phone numbers that are still paid for; afterwards the button fails with errno 1400001 (§1.3). Default: unlimited. */
  phone_quota?: number;
  /** Frozen AppSecret (errcode 40243) or frozen account (50007) (§3.3). Default: neither. */
  frozen?: 'secret' | 'account';
  /** Allowed callers of the server APIs: up to 10 IPs or ranges such as `10.0.0.0/8` (§3.3). Default: every caller. */
  ip_list?: string[];
  /** Information types declared in the privacy guideline (§2.3). Default `all`; `none`: there is no guideline. */
  privacy?: 'all' | 'none' | string[];
  /** Hosts that `wx.request` may call, as entered at WeChat (§1.8). Default: every host, as in DevTools. */
  request_domains?: string[];
  /** Addresses that a web login may return to; only their hosts count (§3.8). Default: every address. */
  redirect_uris?: string[];
  /** Address that receives message push (§3.7). */
  push_url?: string;
  /** Token that signs message push (§4.1). */
  push_token?: string;
  /** EncodingAESKey, 43 characters. If set, message push is encrypted (§4.1). */
  encoding_aes_key?: string;
  /** Format of message push. Default `json`. */
  push_format?: 'json' | 'xml';
  /** Of a component: appids that have authorised it (§3.6). */
  authorizers?: string[];
}

/** Configuration of a simulated WeChat. */
export interface Config {
  /** Apps by appid. */
  apps: Record<string, App>;
  /** Seed of all random values; default 1. The same seed gives the same codes, keys and tokens. */
  seed?: number;
  /** Start of a virtual clock, in milliseconds since 1970. Default: the machine's clock. */
  now?: number;
  /** Overrides of the assumptions about undocumented behaviour of WeChat. */
  assume?: Partial<Assumptions>;
}

const IP_LIST_LIMIT = 10;

/** Throws if an app has settings that WeChat's own pages reject. */
export function validateConfig({ apps }: Config): void {
  for (const [appid, { ip_list = [] }] of Object.entries(apps)) {
    if (ip_list.length > IP_LIST_LIMIT) throw new Error(`ip_list of ${appid}: at most ${IP_LIST_LIMIT} entries`);
  }
}
