// What the client's tests share: the built client on a simulator's phone, with the edge in workerd behind it.
import type * as nodeEntry from '../../js/entries/node.js';
import { createPhone, type Phone, type PhoneOptions } from '../../js/sim/phone/index.js';
import { at } from '../../scripts/shell.mts';
import { APPID, type Json, type World } from '../harness.mts';

export const client = (await import(at('dist/node/index.mjs'))) as typeof nodeEntry;

export interface Device {
  phone: Phone;
  auth: nodeEntry.Auth;
  /** How often each method of `wx` was called. */
  calls: Record<string, number>;
}

let people = 0;

/** A new person with a new phone, and the client on it. */
export function device(
  world: World,
  options: Partial<PhoneOptions> = {},
  auth: Partial<nodeEntry.AuthOptions> = {},
): Device {
  people += 1;
  return on(world, createPhone({ wechat: world.wechat, appid: APPID, user: `person ${people}`, ...options }), auth);
}

/** The client on a phone that is there, such as one that was launched again. */
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

/** The error's code, of a promise that has to fail. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved with ${JSON.stringify(value)}`)),
    (error: { code?: string }) => {
      if (error.code === undefined) throw error;
      return error.code;
    },
  );

/** When what the client last wanted to store is stored. */
export async function stored(auth: nodeEntry.Auth): Promise<void> {
  const names = ['ReadRecord', 'recordRead', 'Save', 'stored', 'storageFailed'];
  const last = () => auth.trace().entries.findLast(({ name }) => names.includes(name))?.name;
  while (last() === 'Save' || last() === 'ReadRecord') await new Promise((resolve) => setTimeout(resolve, 1));
}

/** When the client has taken in such an event. */
export async function tookIn(auth: nodeEntry.Auth, event: string): Promise<void> {
  while (!auth.trace().entries.some(({ kind, name }) => kind === 'event' && name === event)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
