// The flight recorder's entries: live, or one at a time; saved to a file, or loaded from one.

import type { State, Trace, TraceEntry } from 'wxauth/web';
import { byId, clockTime, make, say } from './dom.js';
import { text } from './text.js';

/** Milliseconds between two reads of the trace. */
const POLL_MS = 100;

interface Timeline {
  /** The trace on display: the phone's own, or one from a file. */
  trace: Trace | undefined;
  entries: TraceEntry[];
  loaded: boolean;
  /** Index of the selected entry; undefined while the display is live. */
  at: number | undefined;
}

const isState = (value: unknown): value is State => {
  const state = value as State;
  return typeof state?.session === 'string' && Array.isArray(state.scopes);
};

/** Parses a file with the JSON of `auth.trace()`; undefined for any other file. */
export function parseTrace(json: string): Trace | undefined {
  try {
    const trace = JSON.parse(json) as Trace;
    const { entries } = trace;
    const good = (entry: TraceEntry) =>
      typeof entry.at === 'number' &&
      (entry.kind === 'event' || entry.kind === 'effect') &&
      typeof entry.name === 'string' &&
      (entry.state === undefined || isState(entry.state));
    const whole = trace.wxauth === 1 && Array.isArray(entries) && entries.length > 0 && entries.every(good);
    return whole ? trace : undefined;
  } catch {
    return undefined;
  }
}

export function startTimeline(trace: () => Trace, draw: (state: State) => void): void {
  const shown: Timeline = { trace: undefined, entries: [], loaded: false, at: undefined };
  const list = byId('trace');

  function line({ at, kind, name, id, state, outcome }: TraceEntry, index: number): HTMLElement {
    const time = make('time', { textContent: clockTime(at) });
    const what = make('span', { textContent: name, className: kind });
    const number = id === null || id === undefined ? '' : `#${id}`;
    const about = state ? state.session : [outcome, number].filter(Boolean).join(' ');
    const item = make('li', { className: index === shown.at ? 'here' : '' }, time, what);
    if (index === shown.at) item.setAttribute('aria-current', 'step');
    item.append(make('span', { textContent: about, className: 'about' }));
    return item;
  }

  function redraw(): void {
    list.replaceChildren(...shown.entries.map(line));
    const { at, entries, loaded } = shown;
    say('position', text.position((at ?? entries.length - 1) + 1, entries.length, loaded));
    byId<HTMLButtonElement>('live').disabled = at === undefined && !loaded;
    // scrollIntoView would scroll the page too.
    const here = list.querySelector<HTMLElement>('.here');
    list.scrollTop = here ? here.offsetTop - list.clientHeight / 2 : list.scrollHeight;
    const last = entries.slice(0, (at ?? entries.length) + 1).findLast(({ state }) => state !== undefined);
    if (last?.state) draw(last.state);
  }

  function step(by: number): void {
    const { entries, at = entries.length - 1 } = shown;
    shown.at = Math.min(Math.max(at + by, 0), entries.length - 1);
    redraw();
  }

  function show(one: Trace): void {
    shown.trace = one;
    shown.entries = one.entries;
  }

  function poll(): void {
    if (shown.loaded || shown.at !== undefined) return;
    const live = trace();
    if (live.entries.at(-1) === shown.entries.at(-1)) return;
    show(live);
    redraw();
  }

  byId('earlier').addEventListener('click', () => step(-1));
  byId('later').addEventListener('click', () => step(1));
  list.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowUp' || key === 'ArrowDown') step(key === 'ArrowUp' ? -1 : 1);
  });
  list.addEventListener('keydown', (event) => {
    if (event.key.startsWith('Arrow')) event.preventDefault();
  });
  byId('live').addEventListener('click', () => {
    Object.assign(shown, { loaded: false, at: undefined });
    show(trace());
    say('trace-error', '');
    redraw();
  });
  byId('save').addEventListener('click', () => {
    const file = new Blob([JSON.stringify(shown.trace, null, 2)], { type: 'application/json' });
    const link = make('a', { href: URL.createObjectURL(file), download: 'wxauth-trace.json' });
    link.click();
    URL.revokeObjectURL(link.href);
  });
  byId('load').addEventListener('click', () => byId('file').click());
  byId('file').addEventListener('change', async ({ target }) => {
    const input = target as HTMLInputElement;
    const trace = parseTrace((await input.files?.[0]?.text()) ?? '');
    input.value = '';
    say('trace-error', trace ? '' : text.notATrace);
    if (!trace) return;
    show(trace);
    Object.assign(shown, { loaded: true, at: 0 });
    redraw();
  });
  setInterval(poll, POLL_MS);
}
