// The interface of a library in a race: requests that need a login, written as its documentation shows.
import type { Json } from '../../tests/harness.mts';
import type { Rig } from './rig.mts';

export interface App {
  /** Sends a request to the application's API; resolves if the API answers 200. */
  request(path: string): Promise<unknown>;
  /** Redeems the event of a phone button. */
  phone(detail: Json): Promise<unknown>;
}

export interface Contender {
  name: string;
  start(rig: Rig): App;
}

/** The login for libraries without one: exchanges a code of wx.login at the edge. */
export function login({ wx, edge, appid }: Rig): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.login({
      success: ({ code }: { code: string }) =>
        wx.request({
          url: `${edge}/oauth/token`,
          method: 'POST',
          data: {
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token: code,
            subject_token_type: 'urn:wechat:params:oauth:token-type:js-code',
            client_id: appid,
          },
          success: ({ statusCode, data }: Json) =>
            statusCode === 200 ? resolve(data.access_token) : reject(new Error(data.code)),
          fail: reject,
        }),
      fail: reject,
    });
  });
}
