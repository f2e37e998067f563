// What the parts of one phone share.

import type { Assumptions } from '../assumptions.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Backend, Cloud } from '../wechat-rpc.js';
import type { Dialect, Platform } from './failures.js';
import type { Prompt } from './prompts.js';
import type { PhoneStorage } from './wx-storage.js';

/** What the mini program's app.json says (§2.3). Where a field is absent, all of it is declared. */
export interface Manifest {
  permission?: Record<string, { desc: string }>;
  requiredPrivateInfos?: string[];
  requiredBackgroundModes?: string[];
}

/** What the phone's owner turns on and off for every program. */
export type Switch = 'location' | 'bluetooth' | 'wifi';

export type OsAnswer = 'authorized' | 'denied' | 'not determined';
export type OsPermission =
  | 'album'
  | 'bluetooth'
  | 'camera'
  | 'location'
  | 'microphone'
  | 'notification'
  | 'phoneCalendar';

/** A callback that is about to come. */
export interface Delivery {
  /** `login`, `request`, … */
  api: string;
  result: 'success' | 'fail';
  /** Calls back; as often as it is run. */
  run(): void;
}

/** Where the app is: behind another for less than 5 s, frozen after that, gone after half an hour (§1.8). */
export type Life = 'foreground' | 'background' | 'suspended' | 'dead';

export interface LogLine {
  level: 'info' | 'warn' | 'error';
  /** Milliseconds since 1970. */
  at: number;
  args: unknown[];
  filter: string;
}

/** How the app came to the screen. */
export interface LaunchOptions {
  path: string;
  query: Record<string, string>;
  scene: number;
}

export interface Toast {
  title: string;
  kind: 'toast' | 'loading';
}

export type ShowListener = (options: LaunchOptions) => void;

export type PrivacyListener = (
  resolve: (answer: { event: 'exposureAuthorization' | 'agree' | 'disagree'; buttonId?: string }) => void,
  info: { referrer: string },
) => void;

export interface Body {
  readonly who: { appid: string; user: string };
  readonly platform: Platform;
  readonly SDKVersion: string;
  readonly manifest: Manifest;
  readonly clock: Clock;
  readonly random: Random;
  readonly cloud: Cloud;
  /** For what cannot wait; those of a simulator in another process are known after the first call. */
  assume: Assumptions;
  readonly storage: PhoneStorage;
  readonly fetch: typeof fetch;
  readonly os: Record<OsPermission, OsAnswer>;
  readonly switches: Record<Switch, boolean>;
  readonly logs: LogLine[];
  readonly shown: Set<ShowListener>;
  readonly hidden: Set<() => void>;
  readonly prompt: (prompt: Prompt) => void;
  readonly deliver: (delivery: Delivery) => void;
  /** Callbacks that wait for the next hide or show. */
  readonly held: Array<{ until: 'hide' | 'show'; run: () => void }>;
  life: Life;
  inTap: boolean;
  /** Ids of agreePrivacyAuthorization buttons that were really tapped. */
  readonly tapped: Set<string>;
  privacyListener: PrivacyListener | undefined;
  privacyRefusedAt: number;
  /** What `wx.showToast` or `wx.showLoading` shows now. */
  toast: Toast | undefined;
  /** The paths of the open pages, the visible one last. */
  readonly pages: string[];
  /** By path: what was chosen or downloaded, until the app ends. */
  readonly files: Map<string, Blob>;
  /** Whether the picker of avatars is open. */
  choosingAvatar: boolean;
  /** What must end when the app has been in the background for 5 s. */
  readonly interruptible: Set<() => void>;
}

const backends = new WeakMap<Body, Promise<Backend>>();

/** The app's entry at WeChat; asked for once, and again where that failed. */
export async function backend(body: Body): Promise<Backend> {
  const known = backends.get(body) ?? body.cloud('backend', body.who);
  backends.set(body, known);
  const told = await known.catch((error) => {
    backends.delete(body);
    throw error;
  });
  body.assume = told.assume;
  return told;
}

/** Runs something as a tap's handler. */
export function inTap<T>(body: Body, run: () => T): T {
  const before = body.inTap;
  body.inTap = true;
  try {
    return run();
  } finally {
    body.inTap = before;
  }
}

/** A line in WeChat's log; nobody waits for it. */
export function note(body: Body, name: string, text: string): void {
  body.cloud('note', { ...body.who, name, text }).catch(() => {});
}

export const dialectOf = ({ platform, SDKVersion }: Body, { old_texts_below }: Assumptions): Dialect => ({
  platform,
  SDKVersion,
  old_texts_below,
});

export const dialect = async (body: Body): Promise<Dialect> => dialectOf(body, (await backend(body)).assume);
