// Types of the core's events. An event is a method of `Core`; its first argument is the time, in milliseconds since 1970.

import type { Core } from 'wxauth-core';
import type { WxFailure } from './host.js';

/** Names of the core's events. */
export type EventName = Exclude<keyof Core, 'free' | typeof Symbol.dispose>;
/** Arguments of an event after the time. */
export type EventArgs<Name extends EventName> = Parameters<Core[Name]> extends [number, ...infer Rest] ? Rest : never;
/** Passes an event to the core. */
export type Dispatch = <Name extends EventName>(name: Name, ...args: EventArgs<Name>) => void;
/** Events that carry a platform's failure. */
export type FailureEvent = 'loginFailed' | 'permissionFailed' | 'requestFailed' | 'settingFailed';
/** Returns a failure callback that dispatches `name` for the operation or waiter `id`. */
export type FailureOf = (name: FailureEvent, id: number) => (failure?: Partial<WxFailure>) => void;
