// What a library is asked to do in a race: requests that need a login, as its users write them.
import type { Json } from '../../tests/harness.mts';
import type { Rig } from './rig.mts';

export interface App {
  /** A request to the application's API; resolves where the API answered 200. */
  request(path: string): Promise<unknown>;
  /** The number behind a phone button's event. */
  phone(detail: Json): Promise<unknown>;
}

export interface Contender {
  name: string;
  start(rig: Rig): App;
}

/** How the users of a library without a login of its own log in: a code, exchanged at the edge. */
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
