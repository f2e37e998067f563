// Shared by the client's tests: the built client on a simulated phone, with the edge in workerd behind it.
import type * as nodeEntry from '../../js/entries/node.js';
import { createPhone, type Phone, type PhoneOptions } from '../../js/sim/phone/index.js';
import { built } from '../built.mts';
import { APPID, type Json, type World } from '../harness.mts';

export const client = (await import(built('node/index.mjs'))) as typeof nodeEntry;

export interface Device {
  phone: Phone;
  auth: nodeEntry.Auth;
  /** How often each method of `wx` was called. */
  calls: Record<string, number>;
}

let devices = 0;

/** A new user with a new phone, and the client on it. */
export function device(
  world: World,
  options: Partial<PhoneOptions> = {},
  auth: Partial<nodeEntry.AuthOptions> = {},
): Device {
  devices += 1;
  return on(world, createPhone({ wechat: world.wechat, appid: APPID, user: `user ${devices}`, ...options }), auth);
}

/** The client on an existing phone, for example after a relaunch. */
export function on(
  world: World,
  phone: Phone,
  auth: Partial<nodeEntry.AuthOptions> = {},
  bend: (wx: Json) => void = () => {},
): Device {
  const calls: Record<string, number> = {};
  const wx = Object.fromEntries(
    Object.entries(phone.wx).map(([name, method]) => [
      name,
      (...args: Json[]) => {
        calls[name] = (calls[name] ?? 0) + 1;
        return (method as (...args: Json[]) => Json)(...args);
      },
    ]),
  ) as unknown as Phone['wx'];
  bend(wx);
  return { phone, auth: client.createAuth({ edge: world.url, host: client.weappHost({ wx }), ...auth }), calls };
}

/** Returns the code of the error that a promise rejects with; fails if it resolves. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved with ${JSON.stringify(value)}`)),
    (error: { code?: string }) => {
      if (error.code === undefined) throw error;
      return error.code;
    },
  );

/** Resolves when the client has no storage access under way. */
export async function stored(auth: nodeEntry.Auth): Promise<void> {
  const names = ['ReadRecord', 'recordRead', 'Save', 'stored', 'storageFailed'];
  const last = () => auth.trace().entries.findLast(({ name }) => names.includes(name))?.name;
  while (last() === 'Save' || last() === 'ReadRecord') await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Resolves when the client has handled an event of this name. */
export async function tookIn(auth: nodeEntry.Auth, event: string): Promise<void> {
  while (!auth.trace().entries.some(({ kind, name }) => kind === 'event' && name === event)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
