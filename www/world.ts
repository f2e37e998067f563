// The servers' side, read from the simulator's control API: the edge's log lines, WeChat's calls and WeChat's state.

import type { LogEntry } from '../js/sim/log.js';
import type { Account } from '../js/sim/wechat/users.js';
import { byId, clockTime, make, rows } from './dom.js';
import { text } from './text.js';

/** Milliseconds between two reads. */
const POLL_MS = 500;
/** Log lines on display. */
const LINES = 200;

interface SimState {
  apps: Record<string, { users: Record<string, Account> }>;
  codes: Record<string, { appid: string; user: string; used: boolean }>;
}

function append(id: string, at: number, name: string, said: string): void {
  const list = byId(id);
  const time = make('time', { textContent: clockTime(at) });
  list.append(make('li', {}, time, make('span', { textContent: name }), make('span', { textContent: said })));
  while (list.childElementCount > LINES) list.firstElementChild?.remove();
  list.scrollTop = list.scrollHeight;
}

/** Formats a JSON log line of the edge: status, method and path first, then the other fields. */
function edgeLine(line: string): [name: string, said: string] {
  try {
    const { method, path, status, level: _, ...rest } = JSON.parse(line);
    if (typeof path !== 'string') return ['', line];
    const more = Object.entries(rest)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}=${value}`);
    return [`${status} ${method} ${path}`, more.join(' ')];
  } catch {
    return ['', line];
  }
}

function drawView({ apps, codes }: SimState, appid: string, user: string): void {
  const account = apps[appid]?.users[user];
  const mine = Object.values(codes).filter((code) => code.appid === appid && code.user === user);
  const used = mine.filter((code) => code.used).length;
  const grants = Object.entries(account?.grants ?? {}).map(
    ([scope, granted]) => `${scope.replace('scope.', '')} ${granted ? '✓' : '✗'}`,
  );
  rows('view', [
    ['openid', account?.openid ?? '—'],
    ['session_key', account?.sessionKey ?? '—'],
    [text.codes, `${used} ${text.used}, ${mine.length - used} ${text.unused}`],
    [text.privacy, account?.agreed.length ? text.agreed : text.notAgreed],
    [text.grants, grants.join(', ') || '—'],
  ]);
}

export function watchWorld(wechat: string, appid: string, user: string): void {
  let last = 0;
  const read = async (path: string) => (await fetch(`${wechat}/_sim/${path}`)).json();
  async function look(): Promise<void> {
    for (const { n, at, source, name, text } of (await read(`log?after=${last}`)) as LogEntry[]) {
      last = n;
      if (source === 'edge') append('edge-log', at, ...edgeLine(text));
      else append('fake-log', at, name, text);
    }
    drawView(await read('state'), appid, user);
  }
  const again = (): void => {
    // A hidden page does not read. After a failed read the next one is tried in its turn.
    const looked = document.visibilityState === 'visible' ? look().catch(() => {}) : Promise.resolve();
    void looked.finally(() => setTimeout(again, POLL_MS));
  };
  again();
}
