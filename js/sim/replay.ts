// Replays a trace of `auth.trace()` in a new core: the same events at the same times lead to the same states.

import type { Argument, State, Trace } from '../client/index.js';

/** A host that loads the core, such as `weappHost()` or `webHost()`. */
export interface CoreLoader {
  /** Loads the core. */
  load(): Promise<ReplayModule>;
}

/** Constructor of a core. */
export interface ReplayedCore {
  /** Takes the policies of the trace's `config`. */
  new (login: string, privacy: string, expiry: string[]): object;
}

/** A loaded core. */
export interface ReplayModule {
  /** Class of the core. */
  Core: ReplayedCore;
}

interface Effect {
  type: string;
  state?: State;
}

/** Result of a replay. */
export interface Replayed {
  /** The states that the new core reported. */
  states: State[];
  /** The states in the trace. */
  recorded: State[];
  /** Whether both lists are equal. */
  same: boolean;
}

/** Replays a trace. Throws if it is not a complete trace of `auth.trace()`. */
export async function replay(trace: Trace, host: CoreLoader): Promise<Replayed> {
  if (trace.wxauth !== 1) throw new Error('replay: not a trace of auth.trace()');
  if (trace.lost > 0) throw new Error(`replay: the first ${trace.lost} entries of the trace are lost`);
  const { Core } = await host.load();
  const { login, privacy, expiry } = trace.config;
  const core = new Core(login, privacy, expiry) as Record<string, (...args: Argument[]) => Effect[]>;
  const states: State[] = [];
  for (const { kind, name, at, args = [] } of trace.entries) {
    if (kind !== 'event') continue;
    // In JSON, null stands for an argument that was not passed.
    const values = args.map((value) => value ?? undefined) as Argument[];
    for (const { state } of core[name]?.(at, ...values) ?? []) if (state) states.push(state);
  }
  const recorded = trace.entries.flatMap(({ state }) => (state ? [state] : []));
  return { states, recorded, same: JSON.stringify(states) === JSON.stringify(recorded) };
}
