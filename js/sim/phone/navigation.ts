// The page stack: wx.navigateTo and related methods change the paths in `phone.pages`. Pages themselves do not run.

import type { Device } from './device.js';
import { CallError, REASONS, wantString } from './failures.js';
import { api } from './wx-call.js';

/** "小程序中页面栈最多十层" (API/路由/wx.navigateTo.md). */
const MAX_PAGES = 10;

export interface Target {
  url: string;
}

export function navigation(device: Device) {
  const { pages } = device;
  const to = (name: string, change: (path: string) => void) =>
    api<Target, object>(device, name, ({ url }: Target) => {
      wantString('url', url);
      change(url);
      return {};
    });
  return {
    navigateTo: to('navigateTo', (path) => {
      if (pages.length >= MAX_PAGES) throw new CallError(REASONS.pageStackFull);
      pages.push(path);
    }),
    redirectTo: to('redirectTo', (path) => pages.splice(-1, 1, path)),
    reLaunch: to('reLaunch', (path) => pages.splice(0, pages.length, path)),
    switchTab: to('switchTab', (path) => pages.splice(0, pages.length, path)),
    navigateBack: api<{ delta?: number }, object>(device, 'navigateBack', ({ delta = 1 }: { delta?: number }) => {
      // The first page always stays.
      pages.splice(Math.max(1, pages.length - delta));
      return {};
    }),
  };
}
