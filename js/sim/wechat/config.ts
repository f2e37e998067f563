// What is set at WeChat before anybody logs in: apps and their backend settings.

import type { Assumptions } from '../assumptions.js';

export interface App {
  /** The AppSecret. */
  secret: string;
  /** Default `mini_program`. A third-party platform is a `component`. */
  kind?: 'mini_program' | 'official_account' | 'website' | 'component';
  /** Bound to an Open Platform account: logins give a unionid (§1.1). */
  unionid?: boolean;
  /** Not a person's own: only then phone buttons work (§1.3). Default true. */
  certified?: boolean;
  /** Phone numbers left to buy; then errno 1400001 (§1.3). Unlimited where absent. */
  phone_quota?: number;
  /** The AppSecret is frozen (40243), or the account (50007) (§3.3). */
  frozen?: 'secret' | 'account';
  /** Who may call the server APIs: up to ten IPs, or ranges like `10.0.0.0/8`; everybody where absent (§3.3). */
  ip_list?: string[];
  /** Information types declared in the privacy guideline (§2.3); `all` (default), or `none`: no guideline. */
  privacy?: 'all' | 'none' | string[];
  /** Hosts that `wx.request` may call, as entered at WeChat; anything where absent, as in devtools (§1.8). */
  request_domains?: string[];
  /** Where web logins may return to: only the hosts count (§3.8). */
  redirect_uris?: string[];
  /** Where message push goes, and how (§3.7, §4.1). */
  push_url?: string;
  push_token?: string;
  /** 43 characters; with it messages are encrypted. */
  encoding_aes_key?: string;
  push_format?: 'json' | 'xml';
  /** Of a component: the apps that authorised it (§3.6). */
  authorizers?: string[];
}

export interface Config {
  /** By appid. */
  apps: Record<string, App>;
  /** Of all randomness; default 1. */
  seed?: number;
  /** Milliseconds since 1970: the clock is virtual and starts there. The machine's clock where absent. */
  now?: number;
  /** What is not known of WeChat, where you want to assume otherwise. */
  assume?: Partial<Assumptions>;
}

const IP_LIST_LIMIT = 10;

/** Refuses settings that WeChat's own pages would not take. */
export function mustBeValid({ apps }: Config): void {
  for (const [appid, { ip_list = [] }] of Object.entries(apps)) {
    if (ip_list.length > IP_LIST_LIMIT) throw new Error(`ip_list of ${appid}: at most ${IP_LIST_LIMIT} entries`);
  }
}
