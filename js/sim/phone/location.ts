// wx.getLocation and wx.getFuzzyLocation: a fixed place, after the checks of their scope (docs/platform-facts.md §2).

import { permit } from './authorization.js';
import type { Device } from './device.js';
import { api, callbackApi } from './wx-call.js';

/** A place in Shanghai. */
const PLACE = { latitude: 31.2304, longitude: 121.4737 };
/** The same place to about 5 km. */
const FUZZY_PLACE = { latitude: 31.25, longitude: 121.5 };

/** Options of `wx.getLocation` and `wx.getFuzzyLocation`. */
export interface LocationOptions {
  /** Coordinate system. Ignored. */
  type?: string;
}

/** Result of `wx.getFuzzyLocation`. */
export interface FuzzyLocation {
  /** Degrees north. */
  latitude: number;
  /** Degrees east. */
  longitude: number;
}

/** Result of `wx.getLocation`. */
export interface ExactLocation extends FuzzyLocation {
  /** Metres per second; -1: not known. */
  speed: number;
  /** Metres. */
  accuracy: number;
  /** Metres. */
  altitude: number;
  /** Metres. */
  verticalAccuracy: number;
  /** Metres. */
  horizontalAccuracy: number;
}

export function location(device: Device) {
  const locate = (method: 'getLocation' | 'getFuzzyLocation', scope: string) =>
    permit(device, method, scope, { privateInfo: method, os: 'location' });
  return {
    /** `wx.getLocation`. Needs `scope.userLocation` (§2.1), and returns a fixed place. */
    getLocation: api<LocationOptions, ExactLocation>(device, 'getLocation', async () => {
      await locate('getLocation', 'scope.userLocation');
      return { ...PLACE, speed: -1, accuracy: 65, altitude: 0, verticalAccuracy: 65, horizontalAccuracy: 65 };
    }),
    /** `wx.getFuzzyLocation`. Needs `scope.userFuzzyLocation` (§2.1), and returns a fixed place. */
    getFuzzyLocation: callbackApi<LocationOptions, FuzzyLocation>(device, 'getFuzzyLocation', async () => {
      await locate('getFuzzyLocation', 'scope.userFuzzyLocation');
      return FUZZY_PLACE;
    }),
  };
}
