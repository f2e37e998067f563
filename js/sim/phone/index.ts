// A phone: a `wx` that asks WeChat, shows dialogs to its owner, and can be hidden, shown and broken. Dialogs and taps
// are explicit: whoever holds the phone answers them and makes them.

import { ASSUMED } from '../assumptions.js';
import { Clock } from '../clock.js';
import { Random } from '../random.js';
import type { WeChat } from '../wechat/index.js';
import { phoneCalls, remoteCalls } from '../wechat-rpc.js';
import { permissions } from './authorization.js';
import { type Button, type Nickname, type PressedType, press, typeNickname } from './buttons.js';
import {
  type Body,
  type Delivery,
  inTap,
  type Life,
  type LogLine,
  type Manifest,
  type OsAnswer,
  type OsPermission,
  type Switch,
  type Toast,
} from './device.js';
import type { Platform } from './failures.js';
import { files } from './files.js';
import { LAUNCH, lifecycle } from './lifecycle.js';
import { login } from './login.js';
import { navigation } from './navigation.js';
import { network } from './network.js';
import { privacy } from './privacy.js';
import { profile } from './profile.js';
import type { Prompt } from './prompts.js';
import { sockets } from './sockets.js';
import { device } from './system.js';
import { transport } from './transport.js';
import { ui } from './ui.js';
import { atLeast, SINCE } from './versions.js';
import { memoryStorage, type PhoneStorage, storage } from './wx-storage.js';

export interface PhoneOptions {
  /** WeChat in this process, or the address of a simulator's server. */
  wechat: WeChat | string;
  appid: string;
  user: string;
  /** The owner's finger. Prompts wait for ever without one. */
  onPrompt?: (prompt: Prompt) => void;
  /** Default `devtools`. */
  platform?: Platform;
  /** Base library; default 3.8.0. */
  SDKVersion?: string;
  /** app.json; everything is declared where absent. */
  manifest?: Manifest;
  /** What the operating system lets WeChat do; everything where absent. */
  os?: Partial<Record<OsPermission, OsAnswer>>;
  /** The phone's own switches; all on where absent. */
  switches?: Partial<Record<Switch, boolean>>;
  /** Where `wx.setStorage` keeps things; memory where absent. */
  storage?: PhoneStorage;
  /** Milliseconds before a callback comes; default 0. */
  latency?: number;
  /** Takes every callback that is about to come: run it now, later, twice, or never. */
  deliver?: (delivery: Delivery) => void;
  /** Of `wx.getRandomValues`; default 1. */
  seed?: number;
  fetch?: typeof fetch;
}

export type Wx = ReturnType<typeof createWx>;

export interface Phone {
  /** To be used as the mini program's `wx`. */
  readonly wx: Wx;
  /** What the operating system lets WeChat do; change it as the owner would in the system's settings. */
  readonly os: Record<OsPermission, OsAnswer>;
  /** The phone's own switches, to be turned. */
  readonly switches: Record<Switch, boolean>;
  /** What was written to the real-time log. */
  readonly logs: readonly LogLine[];
  readonly storage: PhoneStorage;
  readonly life: Life;
  /** What `wx.showToast` or `wx.showLoading` shows now. */
  readonly toast: Toast | undefined;
  /** The paths of the open pages, the visible one last. */
  readonly pages: readonly string[];
  /** Runs `fn` as a tap's handler. */
  tap<T>(fn: () => T): T;
  /** Taps `<button open-type>`, and gives what its handler gets as `e.detail`; nothing where no event comes. */
  press: <Type extends PressedType>(openType: Type, button?: Button) => ReturnType<typeof press<Type>>;
  /** Types into `<input type="nickname">`, and leaves it. */
  typeNickname(text: string, review?: 'pass' | 'fail' | 'timeout'): Promise<Nickname>;
  /** A data pre-fetch without a token: WeChat sends its code to the program's server, and may rotate the key (§1.1). */
  prefetch(): Promise<{ code: string }>;
  hide(): void;
  show(): void;
  /**
   * The owner deletes the program: it ends, its storage on this device is gone, and WeChat forgets consents and grants
   * (§1.5, §1.7). `relaunch()` starts it anew.
   */
  deleteProgram(): Promise<void>;
  /** A cold start on the same device: nothing that was under way comes back, what was stored is there. */
  relaunch(): Phone;
}

const ALL_AUTHORIZED: Record<OsPermission, OsAnswer> = {
  album: 'authorized',
  bluetooth: 'authorized',
  camera: 'authorized',
  location: 'authorized',
  microphone: 'authorized',
  notification: 'authorized',
  phoneCalendar: 'authorized',
};

export function createPhone(options: PhoneOptions): Phone {
  const body = createBody(options);
  const { hide, show } = lifecycle(body);
  return {
    wx: createWx(body),
    os: body.os,
    switches: body.switches,
    logs: body.logs,
    storage: body.storage,
    get life() {
      return body.life;
    },
    get toast() {
      return body.toast;
    },
    pages: body.pages,
    tap: (fn) => inTap(body, fn),
    press: (openType, button) => press(body, openType, button),
    typeNickname: (text, review) => typeNickname(body, text, review),
    prefetch: () => body.cloud('login', body.who),
    hide,
    show,
    async deleteProgram() {
      body.life = 'dead';
      for (const key of body.storage.keys()) body.storage.remove(key);
      await body.cloud('deleteProgram', body.who);
    },
    relaunch() {
      body.life = 'dead';
      return createPhone({ ...options, storage: body.storage, os: body.os, switches: body.switches });
    },
  };
}

function createBody(options: PhoneOptions): Body {
  const { wechat, appid, user, latency = 0 } = options;
  const local = typeof wechat !== 'string';
  const clock = local ? wechat.clock : new Clock();
  const body: Body = {
    who: { appid, user },
    platform: options.platform ?? 'devtools',
    SDKVersion: options.SDKVersion ?? '3.8.0',
    manifest: options.manifest ?? {},
    clock,
    random: new Random(options.seed ?? 1),
    cloud: local ? phoneCalls(wechat) : remoteCalls(wechat),
    assume: local ? wechat.world.assume : ASSUMED,
    storage: options.storage ?? memoryStorage(),
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    os: { ...ALL_AUTHORIZED, ...options.os },
    switches: { location: true, bluetooth: true, wifi: true, ...options.switches },
    logs: [],
    shown: new Set(),
    hidden: new Set(),
    prompt: options.onPrompt ?? (() => {}),
    deliver:
      options.deliver ??
      (({ run }) =>
        void clock.after(latency, () => (body.life === 'suspended' ? body.held.push({ until: 'show', run }) : run()))),
    held: [],
    life: 'foreground',
    inTap: false,
    tapped: new Set(),
    privacyListener: undefined,
    privacyRefusedAt: Number.NEGATIVE_INFINITY,
    toast: undefined,
    pages: [LAUNCH.path],
    files: new Map(),
    choosingAvatar: false,
    interruptible: new Set(),
  };
  return body;
}

function createWx(body: Body) {
  const methods = new Set<string>();
  const send = transport(body);
  const wx = {
    ...device(body, (name) => methods.has(name)),
    ...login(body),
    ...permissions(body),
    ...privacy(body),
    ...profile(body),
    ...storage(body),
    ...network(body, send),
    ...files(body, send),
    ...sockets(body),
    ...navigation(body),
    ...ui(body),
  };
  for (const [name, since] of Object.entries(SINCE)) {
    if (!atLeast(body.SDKVersion, since)) delete (wx as Record<string, unknown>)[name];
  }
  for (const name of Object.keys(wx)) methods.add(name);
  return wx;
}
