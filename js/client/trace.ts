// The flight recorder: a ring buffer of the core's events and effects, without secrets, from which the simulator can
// replay a session. Texts of events are redacted unless the event is listed below.

import type { State } from 'wxauth-core';

/** An argument of an event in a trace; a text may be redacted. */
export type Argument = string | number | boolean | string[] | null;

/** One event of the core, or one effect. */
export interface TraceEntry {
  /** Milliseconds since 1970, by the device's clock. */
  at: number;
  /** An `event` goes into the core; an `effect` comes out of it. */
  kind: 'event' | 'effect';
  /** Name of the event or effect. */
  name: string;
  /** Id of the caller or operation, if there is one. */
  id: number | null;
  /** With an event: its arguments, without secrets. */
  args?: Argument[];
  /** With the effect `Settle`: the outcome's name, or the error's code. */
  outcome?: string;
  /** With the effect `State`: the new state. */
  state?: State;
}

/** Arguments of the core's constructor. */
export interface TraceConfig {
  /** When a login begins: `silent`, `on-demand`, `explicit` (with `login()` only) or `never`. */
  login: string;
  /** The dialog for the privacy contract: `official` or `handler`. */
  privacy: string;
  /** Values that mean "token expired". */
  expiry: string[];
}

/** A recording. Plain JSON. */
export interface Trace {
  /** Version of this format. */
  wxauth: 1;
  /** Arguments of the core's constructor. */
  config: TraceConfig;
  /** Number of entries that the ring buffer has dropped. A trace with dropped entries cannot be replayed. */
  lost: number;
  /** The entries, oldest first; at most 1,000. */
  entries: TraceEntry[];
}

/** Capacity of the ring buffer. */
const ENTRIES = 1_000;

/** Events whose texts are kept: names, error codes and WeChat's messages. */
const UNREDACTED = [
  'ensure',
  'useFailed',
  'loginFailed',
  'permissionFailed',
  'requestFailed',
  'settingFailed',
  'edgeFailed',
  'replyArrived',
];

/** A 32-bit FNV-1a hash: equal texts stay equal in the trace, which a replay needs. */
function redacted(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `redacted-${(hash >>> 0).toString(36)}`;
}

/** Removes addresses, which some platforms' messages quote. */
const withoutUrls = (text: string): string => text.replace(/\w+:\/\/\S+/g, '[url]');

export class Recorder {
  private readonly entries: TraceEntry[] = [];
  private lost = 0;

  constructor(
    private readonly config: TraceConfig,
    private readonly log: (entry: TraceEntry) => void,
    /** Replaces the tokens of a stored record by `redacted`. */
    private readonly redactRecord: (record: string) => string,
  ) {}

  event(name: string, args: unknown[]): void {
    const kept = args.map((value) => this.kept(name, value));
    this.add({ at: Date.now(), kind: 'event', name, id: typeof args[0] === 'number' ? args[0] : null, args: kept });
  }

  effect(name: string, id: number | null, more: { outcome?: string; state?: State }): void {
    this.add(Object.assign({ at: Date.now(), kind: 'effect' as const, name, id }, more));
  }

  trace(): Trace {
    return { wxauth: 1, config: this.config, lost: this.lost, entries: this.entries.slice() };
  }

  private kept(name: string, value: unknown): Argument {
    // Lists contain names of scopes and settings only.
    if (typeof value === 'number' || typeof value === 'boolean' || Array.isArray(value)) return value;
    if (typeof value !== 'string') return null;
    if (name === 'recordRead') return this.keptEntry(value);
    return UNREDACTED.indexOf(name) < 0 ? redacted(value) : withoutUrls(value);
  }

  /** A stored entry. Each token gets the hash that it has in the event that delivered it. */
  private keptEntry(entry: string): string {
    const words = entry.split(' ');
    const same = (at: number) => redacted(String(words[at]).replace(/^\*/, ''));
    return this.redactRecord(entry)
      .split(' ')
      .map((word, at) => (/^\*?redacted$/.test(word) ? word.replace('redacted', same(at)) : word))
      .join(' ');
  }

  private add(entry: TraceEntry): void {
    this.entries.push(entry);
    if (this.entries.length > ENTRIES) {
      this.entries.shift();
      this.lost += 1;
    }
    this.log(entry);
  }
}
