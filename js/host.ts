// What a host can do. A host carries: it calls the platform, and reports what the platform said.

import type * as glue from 'wxauth-core';

/** The wasm-bindgen glue with its module behind it. */
export type CoreModule = typeof glue;

/** What a failed `wx.*` call reports (docs/platform-facts.md §1.0). */
export interface WxFailure {
  errMsg: string;
  errno?: number | undefined;
}

export type Failed = (failure: WxFailure) => void;

export interface HostRequest {
  url: string;
  method: string;
  data?: unknown;
  header: Record<string, string>;
  /** Milliseconds; the platform's default where absent. */
  timeout?: number;
}

/** WeChat's own shape of a reply. */
export interface Reply {
  statusCode: number;
  data: unknown;
  header: Record<string, string>;
}

/** `authSetting`: scopes never asked for are absent. */
export type AuthSetting = Record<string, boolean | undefined>;

export interface Host {
  /** Whether `login` can work at all. */
  readonly canLogin: boolean;
  /** The platform's own word; absent on the web. */
  appid(): string | undefined;
  /** Loads the core. */
  load(): Promise<CoreModule>;
  /** One machine per appid lives here, whoever imports this package and how often. */
  readonly registry: Map<string, unknown>;
  random(done: (seed: number) => void): void;
  /** Calls back with nothing where nothing is stored. */
  read(key: string, done: (value: string | undefined) => void, failed: Failed): void;
  write(key: string, value: string, failed: Failed): void;
  request(request: HostRequest, done: (reply: Reply) => void, failed: Failed): void;
  login(timeout: number, done: (code: string) => void, failed: Failed): void;
  getSetting(done: (setting: AuthSetting) => void, failed: Failed): void;
  openSetting(done: (setting: AuthSetting) => void, failed: Failed): void;
  authorize(scope: string, done: () => void, failed: Failed): void;
  getPrivacySetting(done: (needed: boolean) => void, failed: Failed): void;
  onVisibility(shown: () => void, hidden: () => void): () => void;
}
