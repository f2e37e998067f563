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
  ProfileMethod,
  RequestOptions,
  SignalOption,
} from './auth.js';
import { AuthError, invalid } from './auth-error.js';
import { cap, Driver, names, type Payload } from './driver.js';
import { origin } from './edge-client.js';
import type { Reply, WxFailure } from './host.js';

const body = <T>({ data }: Reply): T => data as T;
/** An argument that is not what it has to be rejects, as every failure does. */
function object<T>(value: T, name: string): T {
  if (!value || typeof value !== 'object') throw invalid(`${name} must be an object`);
  return value;
}
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

export class Client implements Auth {
  private readonly driver: Driver;
  private readonly origins: string[];

  constructor(
    private readonly options: AuthOptions,
    private readonly edge: string,
    appid: string,
    /** The options, to compare them with those of a second `createAuth`. */
    readonly optionsKey: string,
  ) {
    this.origins = [edge, ...(options.origins || [])].map((listed) => origin(listed) || '');
    this.driver = new Driver(options, edge, appid, this);
  }

  get state(): State {
    return this.driver.state;
  }

  ready = async (options: SignalOption & { openData?: boolean } = {}) => {
    const { openData, signal } = object(options, 'options');
    return this.driver.wait<State>((id) => this.driver.tell(openData ? 'keyReady' : 'ready', id), { signal });
  };
  login = async (options: SignalOption = {}) => this.wait<State>(options, (id) => this.driver.tell('login', id));
  logout = async (options: { everywhere?: boolean } = {}) => {
    const { everywhere } = object(options, 'options');
    await this.driver.wait<State>((id) => this.driver.tell('logout', id, !!everywhere));
  };
  token = async (options: SignalOption = {}) =>
    this.wait<{ token: string; generation: number }>(options, (id) => this.driver.tell('token', id));
  expired = (generation: number) => this.driver.tell('expired', Number(generation));

  request = async (options: RequestOptions): Promise<Reply> => {
    const { url, guest, signal } = object(options, 'options');
    if (typeof url !== 'string') throw invalid('url must be a string');
    const absolute = /^\/(?!\/)/.test(url) ? this.edge + url : url;
    const target = origin(absolute);
    if (!target || this.origins.indexOf(target) < 0) throw new AuthError('origin_not_listed');
    const payload = Object.assign({}, options, { url: absolute });
    return this.driver.wait<Reply>((id) => this.driver.tell('request', id, !!guest), { payload, signal });
  };

  ensure = async (scope: string, options: SignalOption = {}) =>
    this.wait<Permission>(options, (id) => this.driver.tell('ensure', id, cap(scope)));

  use = async <T>(scope: string, fn: () => T | Promise<T>, options?: SignalOption): Promise<T> => {
    if (typeof fn !== 'function') throw invalid('use needs a function');
    const permission = await this.ensure(scope, options);
    if (permission.type !== 'granted') throw new AuthError('scope_not_granted', false, null, permission);
    try {
      return await fn();
    } catch (error) {
      const { errno, errMsg } = (error || {}) as Partial<WxFailure>;
      if (errMsg === undefined) throw error;
      const refusal = await this.driver
        .wait<Permission>((id) => this.driver.tell('useFailed', id, cap(scope), number(errno), cap(errMsg)))
        .catch(() => undefined);
      throw refusal ? new AuthError('scope_not_granted', false, null, refusal) : error;
    }
  };

  scopes = async (options: SignalOption = {}) => {
    const { scopes } = await this.wait<State>(options, (id) => this.driver.tell('scopes', id));
    return scopes;
  };

  // Up to the platform's call nothing is awaited: it has to be optionsKey in the tap's own call stack.
  openSetting = async (options: SignalOption = {}) =>
    this.wait<State>(options, (id) => {
      this.driver.tell('settingOpening', id);
      const failed = this.driver.failure('settingFailed', id);
      this.driver.attempt(
        () =>
          this.options.host.openSetting((setting) => this.driver.tell('settingOpened', id, ...names(setting)), failed),
        failed,
      );
    });

  phone = async (detail: PhoneDetail) => {
    const { code, errno, errMsg } = object(detail, 'detail');
    const payload = this.post('/wechat/phone', { code }, (body) => typeof body.phone_number === 'string');
    const reply = await this.driver.wait<Reply>(
      (id) => this.driver.tell('phone', id, code ? cap(code) : undefined, number(errno), cap(errMsg)),
      { payload },
    );
    return body<PhoneNumber>(reply);
  };

  openData = async (detail: OpenDataDetail) => {
    const { encryptedData, iv, errno, errMsg } = object(detail, 'detail');
    const sent = { encrypted_data: encryptedData, iv };
    const payload = this.post('/wechat/open-data', sent, ({ data }) => !!data && typeof data === 'object');
    const reply = await this.tap(payload, !!encryptedData && !!iv, errno, errMsg);
    return body<{ data: Record<string, unknown> }>(reply).data;
  };

  profile = async (detail: ProfileDetail, upload?: (path: string) => Promise<string>): Promise<Profile> => {
    const { rawData, signature, errno, errMsg, nickName, avatarUrl } = object(detail, 'detail');
    if (rawData !== undefined || (avatarUrl === undefined && nickName === undefined)) {
      const sent = { raw_data: rawData, signature };
      const payload = this.post('/wechat/user-info/verify', sent, ({ valid }) => valid === true);
      await this.tap(payload, !!rawData, errno, errMsg);
      return Object.assign(pick(JSON.parse(String(rawData))), { verified: true });
    }
    if (avatarUrl === undefined) return Object.assign(pick({ nickName }), { verified: false });
    if (!upload) throw invalid('profile needs upload: the avatar is a temporary file');
    return Object.assign(pick({ nickName, avatarUrl: await upload(avatarUrl) }), { verified: false });
  };

  getUserProfile = async (options: { desc: string }) => {
    const { desc } = object(options, 'options');
    const detail = await new Promise<ProfileDetail>((resolve) => {
      const failed = (failure?: WxFailure) => resolve((failure || { errMsg: '' }) as ProfileDetail);
      this.driver.attempt(
        () => this.options.host.getUserProfile(desc, (result) => resolve(result || { errMsg: '' }), failed),
        failed,
      );
    });
    return this.profile(detail);
  };

  profileMethod = () =>
    this.driver.loaded.then(
      (core) => core.profileWay(this.options.host.version() || '') as ProfileMethod,
      () => Promise.reject(new AuthError('core_crashed')),
    );

  subscribe = (listener: (state: State) => void) => {
    if (typeof listener !== 'function') throw invalid('subscribe needs a function');
    return this.driver.subscribe(listener);
  };
  trace = () => this.driver.recorder.trace();
  dispose = () => this.driver.end('disposed');

  private wait<T>(options: SignalOption, ask: (id: number) => void): Promise<T> {
    return this.driver.wait<T>(ask, { signal: object(options, 'options').signal });
  }

  private tap(payload: Payload, complete: boolean, errno: unknown, errMsg: unknown): Promise<Reply> {
    const ask = (id: number) => this.driver.tell('openData', id, complete, number(errno), cap(errMsg));
    return this.driver.wait<Reply>(ask, { payload });
  }

  private post(path: string, data: Record<string, unknown>, brings: NonNullable<Payload['brings']>): Payload {
    return { url: this.edge + path, method: 'POST', data, brings };
  }
}

/** What of a profile is there. */
function pick({ nickName, avatarUrl }: { nickName?: string | undefined; avatarUrl?: string | undefined }) {
  const picked: { nickName?: string; avatarUrl?: string } = {};
  if (nickName !== undefined) picked.nickName = nickName;
  if (avatarUrl !== undefined) picked.avatarUrl = avatarUrl;
  return picked;
}
