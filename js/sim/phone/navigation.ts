// The stack of pages. A page's own code is not run: `phone.pages` has the paths (wx.navigateTo and its like).

import type { Body } from './device.js';
import { Failure, REASONS, wantString } from './failures.js';
import { api } from './wx-call.js';

/** "小程序中页面栈最多十层" (API/路由/wx.navigateTo.md). */
const MOST_PAGES = 10;

export interface Target {
  url: string;
}

export function navigation(body: Body) {
  const { pages } = body;
  const to = (name: string, change: (path: string) => void) =>
    api<Target, object>(body, name, ({ url }: Target) => {
      wantString('url', url);
      change(url);
      return {};
    });
  return {
    navigateTo: to('navigateTo', (path) => {
      if (pages.length >= MOST_PAGES) throw new Failure(REASONS.pageStackFull);
      pages.push(path);
    }),
    redirectTo: to('redirectTo', (path) => pages.splice(-1, 1, path)),
    reLaunch: to('reLaunch', (path) => pages.splice(0, pages.length, path)),
    switchTab: to('switchTab', (path) => pages.splice(0, pages.length, path)),
    navigateBack: api<{ delta?: number }, object>(body, 'navigateBack', ({ delta = 1 }: { delta?: number }) => {
      // The first page stays, however far back it goes.
      pages.splice(Math.max(1, pages.length - delta));
      return {};
    }),
  };
}
