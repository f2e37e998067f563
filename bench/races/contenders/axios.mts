// axios over wx.request with axios-auth-refresh, as in its README.
import axios, { AxiosError } from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import type { Json } from '../../../tests/harness.mts';
import { type Contender, login } from '../contender.mts';
import { API } from '../rig.mts';

export const axiosAuthRefresh: Contender = {
  name: 'axios-auth-refresh',
  start(rig) {
    const adapter = (config: Json): Promise<Json> =>
      new Promise((resolve, reject) => {
        const { method, data, headers } = config;
        rig.wx.request({
          url: config.baseURL + config.url,
          method: method.toUpperCase(),
          data,
          header: { ...headers },
          success({ statusCode: status, data, header }: Json) {
            const response = { status, statusText: '', data, headers: header, config, request: {} };
            if (status === 200) resolve(response);
            else reject(new AxiosError(`status ${status}`, String(status), config, {}, response as Json));
          },
          fail: ({ errMsg }: Json) => reject(new AxiosError(errMsg, 'ERR_NETWORK', config)),
        } as Json);
      });
    const instance = axios.create({ baseURL: API, adapter: adapter as Json });
    instance.interceptors.request.use((config) => {
      const token = rig.wx.getStorageSync('token');
      if (token) config.headers.set('Authorization', `Bearer ${token}`);
      return config;
    });
    createAuthRefresh(instance, async (failed: Json) => {
      const token = await login(rig);
      rig.wx.setStorageSync('token', token);
      failed.response.config.headers.Authorization = `Bearer ${token}`;
    });
    return {
      request: (path) => instance.get(path),
      phone: ({ code }) => instance.post('/phone', JSON.stringify({ code })),
    };
  },
};
