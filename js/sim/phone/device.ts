// State of one phone, which all of its `wx` methods share.

import type { Assumptions } from '../assumptions.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { OsPermission } from '../scopes.js';
import type { AppConfig, Identity, WeChatRpc } from '../wechat-rpc.js';
import type { Dialect, Platform } from './failures.js';
import type { PhoneStorage } from './phone-storage.js';
import type { Prompt } from './prompts.js';

/** Declarations of the mini program's app.json (§2.3). An absent field counts as complete. */
export interface Manifest {
  /** Descriptions by scope. */
  permission?: Record<string, ScopeDescription>;
  /** Names of location methods that the mini program calls. */
  requiredPrivateInfos?: string[];
  /** Background modes, such as `location`. */
  requiredBackgroundModes?: string[];
}

/** Description of a scope in app.json. */
export interface ScopeDescription {
  /** Purpose that the scope's dialog shows. */
  desc: string;
}

/** A switch of the phone that holds for every app. */
export type Switch = 'location' | 'bluetooth' | 'wifi';

/** State of a permission of the operating system, as `wx.getAppAuthorizeSetting` reports it (§1.6). */
export type OsAnswer = 'authorized' | 'denied' | 'not determined';

/** The callbacks of one `wx` call, ready to run. */
export interface Delivery {
  /** Name of the method: `login`, `request`, … */
  api: string;
  /** Whether `success` or `fail` will be called. */
  result: 'success' | 'fail';
  /** Runs the callbacks, each time it is called. */
  run(): void;
}

/** State of the app: `suspended` after 5 s in the background, `dead` after half an hour (§1.8). */
export type AppState = 'foreground' | 'background' | 'suspended' | 'dead';

/** A line of the real-time log. */
export interface LogLine {
  /** Severity. */
  level: 'info' | 'warn' | 'error';
  /** Milliseconds since 1970. */
  at: number;
  /** The arguments, as logged. */
  args: unknown[];
  /** The filter message at that time. */
  filter: string;
}

/** Argument of `onAppShow` listeners. */
export interface LaunchOptions {
  /** Path of the page. */
  path: string;
  /** Query of the page. */
  query: Record<string, string>;
  /** Number of the scene in which the app was opened. */
  scene: number;
}

/** A visible toast or loading indicator. */
export interface Toast {
  /** The text. */
  title: string;
  /** Kind: `wx.showToast` or `wx.showLoading`. */
  kind: 'toast' | 'loading';
}

/** Listener of `wx.onAppShow`. */
export type ShowListener = (options: LaunchOptions) => void;

/** The mini program's report about its privacy popup (§1.5). */
export interface PrivacyAnswer {
  /** `exposureAuthorization`: the popup is shown; otherwise the user's answer. */
  event: 'exposureAuthorization' | 'agree' | 'disagree';
  /** With `agree`: id of the tapped `agreePrivacyAuthorization` button. */
  buttonId?: string;
}

/** The call that waits for consent (§1.5). */
export interface PrivacyRequest {
  /** The method or the button: `getUserProfile`, `button.getPhoneNumber`. */
  referrer: string;
}

/** Listener of `wx.onNeedPrivacyAuthorization` (§1.5). */
export type PrivacyListener = (resolve: (answer: PrivacyAnswer) => void, info: PrivacyRequest) => void;

export interface Device {
  readonly identity: Identity;
  readonly platform: Platform;
  readonly SDKVersion: string;
  readonly manifest: Manifest;
  readonly clock: Clock;
  readonly random: Random;
  readonly rpc: WeChatRpc;
  /** Assumptions for synchronous methods. Those of a remote WeChat are known once `appConfig` has answered. */
  assume: Assumptions;
  readonly storage: PhoneStorage;
  readonly fetch: typeof fetch;
  readonly os: Record<OsPermission, OsAnswer>;
  readonly switches: Record<Switch, boolean>;
  readonly logs: LogLine[];
  readonly showListeners: Set<ShowListener>;
  readonly hideListeners: Set<() => void>;
  readonly prompt: (prompt: Prompt) => void;
  readonly deliver: (delivery: Delivery) => void;
  /** Callbacks that run at the next hide or show. */
  readonly heldCallbacks: Array<{ until: 'hide' | 'show'; run: () => void }>;
  appState: AppState;
  /** Whether a tap's handler runs now. */
  inTap: boolean;
  /** Ids of the agreePrivacyAuthorization buttons that the user has tapped. */
  readonly tappedButtons: Set<string>;
  privacyListener: PrivacyListener | undefined;
  /** Time of the last refusal in WeChat's privacy popup, in milliseconds since 1970. */
  privacyRefusedAt: number;
  toast: Toast | undefined;
  /** Paths of the open pages; the last one is visible. */
  readonly pages: string[];
  /** Chosen and downloaded files by path. They are lost when the app ends. */
  readonly files: Map<string, Blob>;
  /** Whether the avatar picker is open. */
  choosingAvatar: boolean;
  /** Functions that interrupt network calls when the app is suspended. */
  readonly interrupts: Set<() => void>;
}

const appConfigs = new WeakMap<Device, Promise<AppConfig>>();

/** Returns the app's settings at WeChat. They are requested once; again after a failure. */
export async function appConfig(device: Device): Promise<AppConfig> {
  const pending = appConfigs.get(device) ?? device.rpc('appConfig', device.identity);
  appConfigs.set(device, pending);
  const config = await pending.catch((error) => {
    appConfigs.delete(device);
    throw error;
  });
  device.assume = config.assume;
  return config;
}

/** Runs a function as the handler of a tap. */
export function inTap<T>(device: Device, run: () => T): T {
  const before = device.inTap;
  device.inTap = true;
  try {
    return run();
  } finally {
    device.inTap = before;
  }
}

/** Writes a line to WeChat's log, without waiting for the answer. */
export function logCall(device: Device, name: string, text: string): void {
  device.rpc('log', { ...device.identity, name, text }).catch(() => {});
}

export const dialectOf = ({ platform, SDKVersion }: Device, { old_texts_below }: Assumptions): Dialect => ({
  platform,
  SDKVersion,
  old_texts_below,
});

export const dialect = async (device: Device): Promise<Dialect> => dialectOf(device, (await appConfig(device)).assume);
