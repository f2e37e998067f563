// The flight recorder: events in and effects out, live, or one by one; saved to a file, loaded from one.

import type { State, TraceEntry } from 'wxauth/web';
import { byId, clockTime, make, say } from './dom.js';
import { text } from './text.js';

const LOOK_MS = 100;

interface Timeline {
  /** What is shown: the phone's own trace, or one from a file. */
  entries: TraceEntry[];
  loaded: boolean;
  /** The entry a step is at; none while it is live. */
  at: number | undefined;
}

const isState = (value: unknown): value is State => {
  const state = value as State;
  return typeof state?.session === 'string' && Array.isArray(state.scopes);
};

/** The entries of a file that `auth.trace()` was written to; nothing where it is another file. */
export function parseTrace(json: string): TraceEntry[] | undefined {
  try {
    const entries: unknown = JSON.parse(json);
    const good = (entry: TraceEntry) =>
      typeof entry.at === 'number' &&
      (entry.kind === 'event' || entry.kind === 'effect') &&
      typeof entry.name === 'string' &&
      (entry.state === undefined || isState(entry.state));
    return Array.isArray(entries) && entries.length > 0 && entries.every(good) ? entries : undefined;
  } catch {
    return undefined;
  }
}

export function startTimeline(trace: () => TraceEntry[], draw: (state: State) => void): void {
  const shown: Timeline = { entries: [], loaded: false, at: undefined };
  const list = byId('trace');

  function line({ at, kind, name, id, state }: TraceEntry, index: number): HTMLElement {
    const time = make('time', { textContent: clockTime(at) });
    const what = make('span', { textContent: name, className: kind });
    const about = state ? state.session : id === null || id === undefined ? '' : `#${id}`;
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
    // Not scrollIntoView, which would move the page too.
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

  function look(): void {
    if (shown.loaded || shown.at !== undefined) return;
    const entries = trace();
    if (entries.at(-1) === shown.entries.at(-1)) return;
    shown.entries = entries;
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
    Object.assign(shown, { loaded: false, at: undefined, entries: trace() });
    say('trace-error', '');
    redraw();
  });
  byId('save').addEventListener('click', () => {
    const file = new Blob([JSON.stringify(shown.entries, null, 2)], { type: 'application/json' });
    const link = make('a', { href: URL.createObjectURL(file), download: 'wxauth-trace.json' });
    link.click();
    URL.revokeObjectURL(link.href);
  });
  byId('load').addEventListener('click', () => byId('file').click());
  byId('file').addEventListener('change', async ({ target }) => {
    const input = target as HTMLInputElement;
    const entries = parseTrace((await input.files?.[0]?.text()) ?? '');
    input.value = '';
    say('trace-error', entries ? '' : text.notATrace);
    if (!entries) return;
    Object.assign(shown, { entries, loaded: true, at: 0 });
    redraw();
  });
  setInterval(look, LOOK_MS);
}
