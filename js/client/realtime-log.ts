// The flight recorder's news for WeChat's realtime log: `createAuth({ log: realtimeLog() })`. What changes, and what
// callers are refused; the whole would use up the log's daily lines.

import type { TraceEntry } from './trace.js';

interface RealtimeLogManager {
  info(...args: unknown[]): void;
  warn(...args: unknown[]): void;
}

declare const wx: { getRealtimeLogManager?(): RealtimeLogManager };

export function realtimeLog(
  platform: { getRealtimeLogManager?(): RealtimeLogManager } = wx,
): (entry: TraceEntry) => void {
  const manager = platform.getRealtimeLogManager?.();
  return ({ name, id, args, outcome, state }) => {
    if (state) manager?.info('wxauth', state.session, `generation ${state.generation}`);
    else if (/Failed$/.test(name)) manager?.warn('wxauth', name, ...(args || []));
    else if (outcome && /_/.test(outcome)) manager?.warn('wxauth', outcome, id);
  };
}
