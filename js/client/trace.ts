// The flight recorder: a ring of what went into the core and came out, without secrets, from which the simulator can
// replay a session. What is kept is listed; everything else of an event that is text is redacted.

import type { State } from 'wxauth-core';

export type Argument = string | number | boolean | string[] | null;

export interface TraceEntry {
  /** Milliseconds since 1970, by the phone's clock. */
  at: number;
  kind: 'event' | 'effect';
  /** The event's or effect's name. */
  name: string;
  /** The waiter or operation it is about. */
  id: number | null;
  /** What an event carries, without secrets. */
  args?: Argument[];
  /** What a caller was told: the outcome, or the error's code. */
  outcome?: string;
  /** With the effect `State`: what it says, which is no secret. */
  state?: State;
}

export interface Trace {
  wxauth: 1;
  /** Arguments of the core's constructor. */
  config: { login: string; privacy: string; expiry: string[] };
  /** Entries that the ring has lost; a trace that has lost some cannot be replayed. */
  lost: number;
  entries: TraceEntry[];
}

const ENTRIES = 1_000;

/** Events whose texts are names, codes or WeChat's own messages. */
const TELLING = [
  'ensure',
  'useFailed',
  'loginFailed',
  'permissionFailed',
  'requestFailed',
  'settingFailed',
  'edgeFailed',
  'replyArrived',
];

/** The same text is always the same word, so that a replay can tell one from another. FNV-1a. */
function redacted(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `redacted-${(hash >>> 0).toString(36)}`;
}

/** Some platforms' messages quote addresses. */
const withoutUrls = (text: string): string => text.replace(/\w+:\/\/\S+/g, '[url]');

export class Recorder {
  private readonly entries: TraceEntry[] = [];
  private lost = 0;

  constructor(
    private readonly config: Trace['config'],
    private readonly log: (entry: TraceEntry) => void,
    /** Empties a stored record of its tokens. */
    private readonly withoutTokens: (record: string) => string,
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
    // Lists are names of scopes and settings.
    if (typeof value === 'number' || typeof value === 'boolean' || Array.isArray(value)) return value;
    if (typeof value !== 'string') return null;
    if (name === 'recordRead') return this.keptEntry(value);
    return TELLING.indexOf(name) < 0 ? redacted(value) : withoutUrls(value);
  }

  /** A token is the same word here as in the event that brought it. */
  private keptEntry(entry: string): string {
    const words = entry.split(' ');
    const same = (at: number) => redacted(String(words[at]).replace(/^\*/, ''));
    return this.withoutTokens(entry)
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
