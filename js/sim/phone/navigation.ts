// The page stack: wx.navigateTo and related methods change the paths in `phone.pages`. Pages themselves do not run.

import type { Device } from './device.js';
import { CallError, REASONS, wantString } from './failures.js';
import { api } from './wx-call.js';

/** "小程序中页面栈最多十层" (API/路由/wx.navigateTo.md). */
const MAX_PAGES = 10;

/** Options of the methods that open a page. */
export interface NavigationOptions {
  /** Path of the page, with its query. */
  url: string;
}

/** Options of `wx.navigateBack`. */
export interface NavigateBackOptions {
  /** Number of pages to close. Default 1. */
  delta?: number;
}

export function navigation(device: Device) {
  const { pages } = device;
  const to = (name: string, change: (path: string) => void) =>
    api<NavigationOptions, object>(device, name, ({ url }: NavigationOptions) => {
      wantString('url', url);
      change(url);
      return {};
    });
  return {
    /** `wx.navigateTo`. Opens a page on top of `phone.pages`; fails if there are 10 already. */
    navigateTo: to('navigateTo', (path) => {
      if (pages.length >= MAX_PAGES) throw new CallError(REASONS.pageStackFull);
      pages.push(path);
    }),
    /** `wx.redirectTo`. Replaces the top page. */
    redirectTo: to('redirectTo', (path) => pages.splice(-1, 1, path)),
    /** `wx.reLaunch`. Closes every page and opens one. */
    reLaunch: to('reLaunch', (path) => pages.splice(0, pages.length, path)),
    /** `wx.switchTab`. Closes every page and opens one; tab pages are not distinguished. */
    switchTab: to('switchTab', (path) => pages.splice(0, pages.length, path)),
    /** `wx.navigateBack`. Closes the top pages, except the first page. */
    navigateBack: api<NavigateBackOptions, object>(device, 'navigateBack', ({ delta = 1 }: NavigateBackOptions) => {
      // The first page always stays.
      pages.splice(Math.max(1, pages.length - delta));
      return {};
    }),
  };
}
