// The state of the app: visible, in the background, suspended, ended (docs/platform-facts.md §1.8).

import type { Device } from './device.js';

/** Launch from the list of mini programs. */
export const LAUNCH = { path: 'pages/index/index', query: {}, scene: 1001 };
const SUSPENDED_AFTER_MS = 5_000;
const DEAD_AFTER_MS = 30 * 60_000;

export interface Lifecycle {
  hide(): void;
  show(): void;
}

function release(device: Device, event: 'hide' | 'show'): void {
  const due = device.heldCallbacks.filter(({ until }) => until === event);
  const rest = device.heldCallbacks.filter(({ until }) => until !== event);
  device.heldCallbacks.splice(0, device.heldCallbacks.length, ...rest);
  for (const { run } of due) run();
}

export function lifecycle(device: Device): Lifecycle {
  let timers: Array<() => void> = [];
  return {
    hide() {
      if (device.appState !== 'foreground') return;
      device.appState = 'background';
      for (const listener of device.hideListeners) listener();
      release(device, 'hide');
      const suspend = () => {
        for (const interrupt of device.interrupts) interrupt();
        device.appState = 'suspended';
      };
      const end = () => {
        device.appState = 'dead';
      };
      const background = { background: true };
      timers = [
        device.clock.after(SUSPENDED_AFTER_MS, suspend, background),
        device.clock.after(DEAD_AFTER_MS, end, background),
      ];
    },
    show() {
      if (device.appState === 'foreground' || device.appState === 'dead') return;
      for (const cancel of timers) cancel();
      device.appState = 'foreground';
      for (const listener of device.showListeners) listener(LAUNCH);
      release(device, 'show');
    },
  };
}
