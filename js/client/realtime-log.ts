// Writes the flight recorder to WeChat's realtime log: `createAuth({ log: realtimeLog() })`. Only new states, failures
// and error codes are written, since the log has a daily limit of lines.

import type { TraceEntry } from './trace.js';

/** The part of WeChat's RealtimeLogManager that is used. */
export interface RealtimeLogManager {
  /** Writes a line at level info. */
  info(...args: unknown[]): void;
  /** Writes a line at level warn. */
  warn(...args: unknown[]): void;
}

declare const wx: { getRealtimeLogManager?(): RealtimeLogManager };

/**
 * Returns a `log` option that writes to `wx.getRealtimeLogManager()`: states at level info, failures and error codes at
 * level warn. Does nothing if the base library has no realtime log.
 */
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
