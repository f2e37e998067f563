// wafer2-client-sdk with `login: true`, as in its README and demo.
import { createRequire } from 'node:module';
import type { Json } from '../../../tests/harness.mts';
import type { Contender } from '../contender.mts';
import { API } from '../rig.mts';

export const wafer2: Contender = {
  name: 'wafer2-client-sdk',
  start({ wx }) {
    // The SDK registers socket listeners when it is loaded; the races use no sockets.
    const sockets = { onSocketOpen() {}, onSocketMessage() {}, onSocketError() {}, onSocketClose() {} };
    (globalThis as Json).wx = { ...sockets, ...wx };
    const qcloud = createRequire(import.meta.url)('wafer2-client-sdk');
    qcloud.setLoginUrl(`${API}/wafer/login`);
    const request = (options: object) =>
      new Promise((resolve, reject) =>
        qcloud.request({
          login: true,
          ...options,
          success: (reply: Json) => (reply.statusCode === 200 ? resolve(reply) : reject(new Error(reply.statusCode))),
          fail: reject,
        }),
      );
    return {
      request: (path) => request({ url: API + path }),
      phone: ({ code }) => request({ url: `${API}/phone`, method: 'POST', data: { code } }),
    };
  },
};
