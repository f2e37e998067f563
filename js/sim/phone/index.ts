// A simulated phone: a `wx` that asks WeChat, shows dialogs to its user, and can be hidden, shown and broken. Nothing
// answers dialogs or taps by default; tests do both explicitly.

import { ASSUMED } from '../assumptions.js';
import { Clock } from '../clock.js';
import { Random } from '../random.js';
import type { OsPermission } from '../scopes.js';
import type { WeChat } from '../wechat/index.js';
import { httpRpc, localRpc } from '../wechat-rpc.js';
import { authorization } from './authorization.js';
import { type Button, type Nickname, type PressedType, press, typeNickname } from './buttons.js';
import {
  type AppState,
  type Delivery,
  type Device,
  inTap,
  type LogLine,
  type Manifest,
  type OsAnswer,
  type Switch,
  type Toast,
} from './device.js';
import type { Platform } from './failures.js';
import { files } from './files.js';
import { LAUNCH, lifecycle } from './lifecycle.js';
import { location } from './location.js';
import { type LoginResult, login } from './login.js';
import { navigation } from './navigation.js';
import { network } from './network.js';
import { memoryStorage, type PhoneStorage } from './phone-storage.js';
import { privacy } from './privacy.js';
import { profile } from './profile.js';
import type { Prompt } from './prompts.js';
import { sockets } from './sockets.js';
import { system } from './system.js';
import { transport } from './transport.js';
import { ui } from './ui.js';
import { atLeast, SINCE } from './versions.js';
import { storage } from './wx-storage.js';

/** Options of `createPhone`. */
export interface PhoneOptions {
  /** A WeChat in this process, or the URL of a simulator's server, such as `http://127.0.0.1:8788`. */
  wechat: WeChat | string;
  /** The mini program. */
  appid: string;
  /** Name of the user who holds the phone. */
  user: string;
  /** Answers the phone's dialogs. Without it, dialogs wait for ever. */
  onPrompt?: (prompt: Prompt) => void;
  /** Default `devtools`. */
  platform?: Platform;
  /** Version of the base library; default 3.8.0. */
  SDKVersion?: string;
  /** Declarations of app.json. Default: everything is declared. */
  manifest?: Manifest;
  /** Permissions that the operating system gives to WeChat. Default: all. */
  os?: Partial<Record<OsPermission, OsAnswer>>;
  /** Switches of the phone. Default: all on. */
  switches?: Partial<Record<Switch, boolean>>;
  /** Where `wx.setStorage` stores values. Default: memory. */
  storage?: PhoneStorage;
  /** Milliseconds before callbacks run; default 0. */
  latency?: number;
  /** Receives the callbacks of every call instead of running them: run them now, later, twice, or never. */
  deliver?: (delivery: Delivery) => void;
  /** Seed of `wx.getRandomValues`; default 1. */
  seed?: number;
  /** Sends the requests of `wx.request`, `wx.uploadFile` and `wx.downloadFile`. Default: the global `fetch`. */
  fetch?: typeof fetch;
}

/** The `wx` object of a phone. Its types are checked against `miniprogram-api-typings`. */
export type Wx = ReturnType<typeof createWx>;

/** A simulated phone on which one mini program runs. */
export interface Phone {
  /** The mini program's `wx`. */
  readonly wx: Wx;
  /** Permissions that the operating system gives to WeChat. Assign to change them. */
  readonly os: Record<OsPermission, OsAnswer>;
  /** Switches of the phone. Assign to change them. */
  readonly switches: Record<Switch, boolean>;
  /** Lines of the real-time log. */
  readonly logs: readonly LogLine[];
  /** The phone's storage. */
  readonly storage: PhoneStorage;
  /** State of the app. */
  readonly appState: AppState;
  /** The visible toast or loading indicator. */
  readonly toast: Toast | undefined;
  /** Paths of the open pages; the last one is visible. */
  readonly pages: readonly string[];
  /** Runs `fn` as the handler of a tap, and returns its result. */
  tap<T>(fn: () => T): T;
  /** Taps `<button open-type>` and resolves with `e.detail` of its handler; `undefined` if there is no event. */
  press: <Type extends PressedType>(openType: Type, button?: Button) => ReturnType<typeof press<Type>>;
  /** Types into `<input type="nickname">` and leaves it. */
  typeNickname(text: string, review?: 'pass' | 'fail' | 'timeout'): Promise<Nickname>;
  /** Pre-fetches data without a token: WeChat sends the code to the app's server, and may rotate the key (§1.1). */
  prefetch(): Promise<LoginResult>;
  /** Hides the app. It is suspended after 5 s and ends after half an hour. */
  hide(): void;
  /** Shows the app again, unless it has ended. */
  show(): void;
  /**
   * Deletes the mini program: the app ends, its storage on this phone is removed, and WeChat forgets grants and
   * consents (§1.5, §1.7). `relaunch()` starts it again.
   */
  deleteProgram(): Promise<void>;
  /** Starts the app cold on the same phone: stored values remain, pending calls never call back. */
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

/** Returns a phone on which the app has just been launched. */
export function createPhone(options: PhoneOptions): Phone {
  const device = createDevice(options);
  const { hide, show } = lifecycle(device);
  return {
    wx: createWx(device),
    os: device.os,
    switches: device.switches,
    logs: device.logs,
    storage: device.storage,
    get appState() {
      return device.appState;
    },
    get toast() {
      return device.toast;
    },
    pages: device.pages,
    tap: (fn) => inTap(device, fn),
    press: (openType, button) => press(device, openType, button),
    typeNickname: (text, review) => typeNickname(device, text, review),
    prefetch: () => device.rpc('login', device.identity),
    hide,
    show,
    async deleteProgram() {
      device.appState = 'dead';
      for (const key of device.storage.keys()) device.storage.remove(key);
      await device.rpc('deleteProgram', device.identity);
    },
    relaunch() {
      device.appState = 'dead';
      return createPhone({ ...options, storage: device.storage, os: device.os, switches: device.switches });
    },
  };
}

function createDevice(options: PhoneOptions): Device {
  const { wechat, appid, user, latency = 0 } = options;
  const local = typeof wechat !== 'string';
  const clock = local ? wechat.clock : new Clock();
  const device: Device = {
    identity: { appid, user },
    platform: options.platform ?? 'devtools',
    SDKVersion: options.SDKVersion ?? '3.8.0',
    manifest: options.manifest ?? {},
    clock,
    random: new Random(options.seed ?? 1),
    rpc: local ? localRpc(wechat) : httpRpc(wechat),
    assume: local ? wechat.world.assume : ASSUMED,
    storage: options.storage ?? memoryStorage(),
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    os: { ...ALL_AUTHORIZED, ...options.os },
    switches: { location: true, bluetooth: true, wifi: true, ...options.switches },
    logs: [],
    showListeners: new Set(),
    hideListeners: new Set(),
    prompt: options.onPrompt ?? (() => {}),
    deliver: options.deliver ?? (({ run }) => void clock.after(latency, () => runUnlessSuspended(device, run))),
    heldCallbacks: [],
    appState: 'foreground',
    inTap: false,
    tappedButtons: new Set(),
    privacyListener: undefined,
    privacyRefusedAt: Number.NEGATIVE_INFINITY,
    toast: undefined,
    pages: [LAUNCH.path],
    files: new Map(),
    choosingAvatar: false,
    interrupts: new Set(),
  };
  return device;
}

/** A suspended app runs no code: its callbacks wait for the next show. */
function runUnlessSuspended(device: Device, run: () => void): void {
  if (device.appState === 'suspended') device.heldCallbacks.push({ until: 'show', run });
  else run();
}

function createWx(device: Device) {
  const methods = new Set<string>();
  const send = transport(device);
  const wx = {
    ...system(device, (name) => methods.has(name)),
    ...login(device),
    ...authorization(device),
    ...location(device),
    ...privacy(device),
    ...profile(device),
    ...storage(device),
    ...network(device, send),
    ...files(device, send),
    ...sockets(device),
    ...navigation(device),
    ...ui(device),
  };
  for (const [name, since] of Object.entries(SINCE)) {
    if (!atLeast(device.SDKVersion, since)) delete (wx as Record<string, unknown>)[name];
  }
  for (const name of Object.keys(wx)) methods.add(name);
  return wx;
}
