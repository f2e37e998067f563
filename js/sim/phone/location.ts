// wx.getLocation and wx.getFuzzyLocation: a fixed place, after the checks of their scope (docs/platform-facts.md §2).

import { permit } from './authorization.js';
import type { Device } from './device.js';
import { api, callbackApi } from './wx-call.js';

/** A place in Shanghai. */
const PLACE = { latitude: 31.2304, longitude: 121.4737 };
/** The same place to about 5 km. */
const FUZZY_PLACE = { latitude: 31.25, longitude: 121.5 };

export interface Location {
  latitude: number;
  longitude: number;
  speed: number;
  accuracy: number;
  altitude: number;
  verticalAccuracy: number;
  horizontalAccuracy: number;
}

export function location(device: Device) {
  const locate = (method: 'getLocation' | 'getFuzzyLocation', scope: string) =>
    permit(device, method, scope, { privateInfo: method, os: 'location' });
  return {
    getLocation: api<{ type?: string }, Location>(device, 'getLocation', async () => {
      await locate('getLocation', 'scope.userLocation');
      return { ...PLACE, speed: -1, accuracy: 65, altitude: 0, verticalAccuracy: 65, horizontalAccuracy: 65 };
    }),
    getFuzzyLocation: callbackApi<{ type?: string }, { latitude: number; longitude: number }>(
      device,
      'getFuzzyLocation',
      async () => {
        await locate('getFuzzyLocation', 'scope.userFuzzyLocation');
        return FUZZY_PLACE;
      },
    ),
  };
}
