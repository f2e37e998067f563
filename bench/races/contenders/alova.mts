// As in alova's guide: createServerTokenAuthentication, a 401 means expired, the handler logs in.
import { createAlova } from 'alova';
import { createServerTokenAuthentication } from 'alova/client';
import type { Json } from '../../../tests/harness.mts';
import { type Contender, login } from '../contender.mts';
import { API } from '../rig.mts';

export const alova: Contender = {
  name: 'alova',
  start(rig) {
    const requestAdapter = (config: Json): Json => {
      let task: Json;
      const response = new Promise<Json>((success, fail) => {
        const { url, type: method, data, headers: header } = config;
        task = rig.wx.request({ url, method, data, header, success, fail } as Json);
      });
      return {
        response: () => response,
        headers: () => response.then(({ header }) => header),
        abort: () => task.abort(),
      };
    };
    const { onAuthRequired, onResponseRefreshToken } = createServerTokenAuthentication<Json, Json>({
      assignToken(method: Json) {
        const token = rig.wx.getStorageSync('token');
        if (token) method.config.headers.Authorization = `Bearer ${token}`;
      },
      refreshTokenOnSuccess: {
        isExpired: ({ statusCode }: Json) => statusCode === 401,
        handler: async () => {
          rig.wx.setStorageSync('token', await login(rig));
        },
      },
    });
    const instance = createAlova({
      baseURL: API,
      requestAdapter: requestAdapter as Json,
      cacheFor: null,
      beforeRequest: onAuthRequired(),
      responded: onResponseRefreshToken(({ statusCode, data }: Json) => {
        if (statusCode !== 200) throw new Error(`status ${statusCode}`);
        return data;
      }) as Json,
    });
    return {
      request: (path) => instance.Get(path).send(),
      phone: ({ code }) => instance.Post('/phone', { code }).send(),
    };
  },
};
