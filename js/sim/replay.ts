// Replays a flight recorder's trace in a fresh core: the same events at the same times lead to the same states.

import type { Argument, State, Trace } from '../client/index.js';

/** `weappHost()`, `webHost()`: whatever loads the core. */
interface Loader {
  load(): Promise<{ Core: new (login: string, privacy: string, expiry: string[]) => object }>;
}

interface Effect {
  type: string;
  state?: State;
}

export interface Replayed {
  /** The states that the fresh core went through. */
  states: State[];
  /** Those that the trace has. */
  recorded: State[];
  same: boolean;
}

export async function replay(trace: Trace, host: Loader): Promise<Replayed> {
  if (trace.wxauth !== 1) throw new Error('replay: not a trace of auth.trace()');
  if (trace.lost > 0) throw new Error(`replay: the trace has lost its first ${trace.lost} entries`);
  const { Core } = await host.load();
  const { login, privacy, expiry } = trace.config;
  const core = new Core(login, privacy, expiry) as Record<string, (...args: Argument[]) => Effect[]>;
  const states: State[] = [];
  for (const { kind, name, at, args = [] } of trace.entries) {
    if (kind !== 'event') continue;
    // null stands for what was not given.
    const given = args.map((value) => value ?? undefined) as Argument[];
    for (const { state } of core[name]?.(at, ...given) ?? []) if (state) states.push(state);
  }
  const recorded = trace.entries.flatMap(({ state }) => (state ? [state] : []));
  return { states, recorded, same: JSON.stringify(states) === JSON.stringify(recorded) };
}
