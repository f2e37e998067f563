// The app on the screen, behind another, frozen, gone (docs/platform-facts.md §1.8).

import type { Body } from './device.js';

/** From the list of mini programs. */
export const LAUNCH = { path: 'pages/index/index', query: {}, scene: 1001 };
const FROZEN_AFTER_MS = 5_000;
const GONE_AFTER_MS = 30 * 60_000;

export interface Lifecycle {
  hide(): void;
  show(): void;
}

function release(body: Body, event: 'hide' | 'show'): void {
  const due = body.held.filter(({ until }) => until === event);
  body.held.splice(0, body.held.length, ...body.held.filter(({ until }) => until !== event));
  for (const { run } of due) run();
}

export function lifecycle(body: Body): Lifecycle {
  let timers: Array<() => void> = [];
  return {
    hide() {
      if (body.life !== 'foreground') return;
      body.life = 'background';
      for (const listener of body.hidden) listener();
      release(body, 'hide');
      const freeze = () => {
        for (const interrupt of body.interruptible) interrupt();
        body.life = 'suspended';
      };
      const end = () => {
        body.life = 'dead';
      };
      const background = { background: true };
      timers = [
        body.clock.after(FROZEN_AFTER_MS, freeze, background),
        body.clock.after(GONE_AFTER_MS, end, background),
      ];
    },
    show() {
      if (body.life === 'foreground' || body.life === 'dead') return;
      for (const cancel of timers) cancel();
      body.life = 'foreground';
      for (const listener of body.shown) listener(LAUNCH);
      release(body, 'show');
    },
  };
}
