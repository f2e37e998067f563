// The public API over the driver: what callers ask, as events. Nothing is decided here; an `if` about login in this
// file is a mistake.

import type { Permission, State } from 'wxauth-core';
import type {
  Auth,
  AuthOptions,
  OpenDataDetail,
  PhoneDetail,
  PhoneNumber,
  Profile,
  ProfileDetail,
  ProfileWay,
  RequestOptions,
  Waiting,
} from './auth.js';
import { cap, Driver, names } from './driver.js';
import { origin } from './edge.js';
import { AuthError, invalid } from './error.js';
import type { Reply, WxFailure } from './host.js';

const body = <T>({ data }: Reply): T => data as T;

export class Client implements Auth {
  private readonly driver: Driver;
  private readonly origins: string[];

  constructor(
    private readonly options: AuthOptions,
    private readonly edge: string,
    appid: string,
  ) {
    this.origins = [edge, ...(options.origins || [])].map((listed) => origin(listed) || '');
    this.driver = new Driver(options, edge, appid, this);
  }

  get state(): State {
    return this.driver.state;
  }

  ready = ({ openData, signal }: Waiting & { openData?: boolean } = {}) =>
    this.driver.wait<State>((id) => this.driver.tell(openData ? 'keyReady' : 'ready', id), { signal });
  login = (options: Waiting = {}) => this.driver.wait<State>((id) => this.driver.tell('login', id), options);
  logout = ({ everywhere = false } = {}) =>
    this.driver.wait<State>((id) => this.driver.tell('logout', id, everywhere)).then(() => undefined);
  token = (options: Waiting = {}) =>
    this.driver.wait<{ token: string; generation: number }>((id) => this.driver.tell('token', id), options);
  expired = (generation: number) => this.driver.tell('expired', generation);

  request = (options: RequestOptions): Promise<Reply> => {
    const { url, guest = false, signal } = options;
    const absolute = /^\/(?!\/)/.test(url) ? this.edge + url : url;
    const target = origin(absolute);
    if (!target || this.origins.indexOf(target) < 0) return Promise.reject(new AuthError('origin_not_listed'));
    const payload = Object.assign({}, options, { url: absolute });
    return this.driver.wait<Reply>((id) => this.driver.tell('request', id, guest), { payload, signal });
  };

  ensure = (scope: string, options: Waiting = {}) =>
    this.driver.wait<Permission>((id) => this.driver.tell('ensure', id, cap(scope)), options);

  use = async <T>(scope: string, fn: () => T | Promise<T>, options?: Waiting): Promise<T> => {
    const permission = await this.ensure(scope, options);
    if (permission.type !== 'granted') throw new AuthError('scope_not_granted', false, null, permission);
    try {
      return await fn();
    } catch (error) {
      const { errno, errMsg } = (error || {}) as Partial<WxFailure>;
      if (errMsg === undefined) throw error;
      const refusal = await this.driver
        .wait<Permission>((id) => this.driver.tell('useFailed', id, cap(scope), errno, cap(errMsg)))
        .catch(() => undefined);
      throw refusal ? new AuthError('scope_not_granted', false, null, refusal) : error;
    }
  };

  scopes = (options: Waiting = {}) =>
    this.driver.wait<State>((id) => this.driver.tell('scopes', id), options).then(({ scopes }) => scopes);

  openSetting = (options: Waiting = {}) =>
    this.driver.wait<State>((id) => {
      this.driver.tell('settingOpening', id);
      const failed = this.driver.failure('settingFailed', id);
      this.driver.attempt(
        () =>
          this.options.host.openSetting((setting) => this.driver.tell('settingOpened', id, ...names(setting)), failed),
        failed,
      );
    }, options);

  phone = ({ code, errno, errMsg }: PhoneDetail) =>
    this.driver
      .wait<Reply>((id) => this.driver.tell('phone', id, code && cap(code), errno, cap(errMsg)), {
        payload: this.post('/wechat/phone', { code }),
      })
      .then(body<PhoneNumber>);

  openData = ({ encryptedData, iv, errno, errMsg }: OpenDataDetail) =>
    this.driver
      .wait<Reply>((id) => this.driver.tell('openData', id, !!encryptedData && !!iv, errno, cap(errMsg)), {
        payload: this.post('/wechat/open-data', { encrypted_data: encryptedData, iv }),
      })
      .then((reply) => body<{ data: Record<string, unknown> }>(reply).data);

  profile = async (detail: ProfileDetail, upload?: (path: string) => Promise<string>): Promise<Profile> => {
    const { rawData, signature, errno, errMsg, nickName, avatarUrl } = detail;
    if (rawData !== undefined || (avatarUrl === undefined && nickName === undefined)) {
      await this.driver.wait((id) => this.driver.tell('openData', id, !!rawData, errno, cap(errMsg)), {
        payload: this.post('/wechat/user-info/verify', { raw_data: rawData, signature }),
      });
      return Object.assign(pick(JSON.parse(String(rawData))), { verified: true });
    }
    if (avatarUrl === undefined) return Object.assign(pick({ nickName }), { verified: false });
    if (!upload) throw invalid('profile needs upload: the avatar is a temporary file');
    return Object.assign(pick({ nickName, avatarUrl: await upload(avatarUrl) }), { verified: false });
  };

  askProfile = ({ desc }: { desc: string }) => {
    const asked = new Promise<ProfileDetail>((resolve) => {
      const failed = ({ errMsg, errno }: WxFailure) => resolve(errno === undefined ? { errMsg } : { errMsg, errno });
      this.driver.attempt(() => this.options.host.getUserProfile(desc, resolve, failed), failed);
    });
    return asked.then((detail) => this.profile(detail));
  };

  profileWay = () =>
    this.driver.loaded.then((core) => core.profileWay(this.options.host.version() || '') as ProfileWay);

  subscribe = (listener: (state: State) => void) => this.driver.subscribe(listener);
  trace = () => this.driver.recorder.trace();
  dispose = () => this.driver.end('disposed');

  private post(path: string, data: Record<string, unknown>): RequestOptions {
    return { url: this.edge + path, method: 'POST', data };
  }
}

/** What of a profile is there. */
function pick({ nickName, avatarUrl }: { nickName?: string | undefined; avatarUrl?: string | undefined }) {
  const picked: { nickName?: string; avatarUrl?: string } = {};
  if (nickName !== undefined) picked.nickName = nickName;
  if (avatarUrl !== undefined) picked.avatarUrl = avatarUrl;
  return picked;
}
