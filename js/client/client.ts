// The public API: validates arguments and turns calls into events. Decisions about login belong to the core.

import type { Permission, State } from 'wxauth-core';
import type {
  AccessToken,
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
import { grantNames, truncate } from './bounds.js';
import { Driver } from './driver.js';
import { OPEN_DATA_PATH, origin, PHONE_PATH, USER_INFO_PATH } from './edge-client.js';
import { guardCall } from './guard.js';
import type { Reply, WxFailure } from './host.js';
import type { Payload } from './waiters.js';

const body = <T>({ data }: Reply): T => data as T;
/** Throws inside an async function, so that an invalid argument rejects. */
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
    /** The options as a text, for comparison with those of a second `createAuth`. */
    readonly optionsKey: string,
  ) {
    this.origins = [edge, ...(options.origins || [])].map((listed) => origin(listed) || '');
    this.driver = new Driver(options, edge, appid, this);
  }

  get state(): State {
    return this.driver.state;
  }

  ready = async (options: SignalOption & { openData?: boolean } = {}) =>
    this.wait<State>(options, (id) => this.driver.dispatch(options.openData ? 'keyReady' : 'ready', id));
  login = async (options: SignalOption = {}) => this.wait<State>(options, (id) => this.driver.dispatch('login', id));
  logout = async (options: { everywhere?: boolean } = {}) => {
    const { everywhere } = object(options, 'options');
    await this.driver.wait<State>((id) => this.driver.dispatch('logout', id, !!everywhere));
  };
  token = async (options: SignalOption = {}) =>
    this.wait<AccessToken>(options, (id) => this.driver.dispatch('token', id));
  expired = (generation: number) => this.driver.dispatch('expired', Number(generation));

  request = async (options: RequestOptions): Promise<Reply> => {
    const { url, guest, signal } = object(options, 'options');
    if (typeof url !== 'string') throw invalid('url must be a string');
    const absolute = /^\/(?!\/)/.test(url) ? this.edge + url : url;
    const target = origin(absolute);
    if (!target || this.origins.indexOf(target) < 0) throw new AuthError('origin_not_listed');
    const payload = Object.assign({}, options, { url: absolute });
    return this.driver.wait<Reply>((id) => this.driver.dispatch('request', id, !!guest), { payload, signal });
  };

  ensure = async (scope: string, options: SignalOption = {}) =>
    this.wait<Permission>(options, (id) => this.driver.dispatch('ensure', id, truncate(scope)));

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
        .wait<Permission>((id) =>
          this.driver.dispatch('useFailed', id, truncate(scope), number(errno), truncate(errMsg)),
        )
        .catch(() => undefined);
      throw refusal ? new AuthError('scope_not_granted', false, null, refusal) : error;
    }
  };

  scopes = async (options: SignalOption = {}) => {
    const { scopes } = await this.wait<State>(options, (id) => this.driver.dispatch('scopes', id));
    return scopes;
  };

  // Nothing is awaited before the platform's call, which WeChat allows in the tap's own call stack only (§1.4).
  openSetting = async (options: SignalOption = {}) =>
    this.wait<State>(options, (id) => {
      this.driver.dispatch('settingOpening', id);
      const failed = this.driver.failure('settingFailed', id);
      guardCall(
        () =>
          this.options.host.openSetting(
            (setting) => this.driver.dispatch('settingOpened', id, ...grantNames(setting)),
            failed,
          ),
        failed,
      );
    });

  phone = async (detail: PhoneDetail) => {
    const { code, errno, errMsg } = object(detail, 'detail');
    const payload = this.post(PHONE_PATH, { code }, (body) => typeof body.phone_number === 'string');
    const reply = await this.driver.wait<Reply>(
      (id) => this.driver.dispatch('phone', id, code ? truncate(code) : undefined, number(errno), truncate(errMsg)),
      { payload },
    );
    return body<PhoneNumber>(reply);
  };

  openData = async (detail: OpenDataDetail) => {
    const { encryptedData, iv, errno, errMsg } = object(detail, 'detail');
    const sent = { encrypted_data: encryptedData, iv };
    const payload = this.post(OPEN_DATA_PATH, sent, ({ data }) => !!data && typeof data === 'object');
    const reply = await this.sendOpenData(payload, !!encryptedData && !!iv, errno, errMsg);
    return body<{ data: Record<string, unknown> }>(reply).data;
  };

  profile = async (detail: ProfileDetail, upload?: (path: string) => Promise<string>): Promise<Profile> => {
    const { rawData, signature, errno, errMsg, nickName, avatarUrl } = object(detail, 'detail');
    if (rawData !== undefined || (avatarUrl === undefined && nickName === undefined)) {
      const sent = { raw_data: rawData, signature };
      const payload = this.post(USER_INFO_PATH, sent, ({ valid }) => valid === true);
      await this.sendOpenData(payload, !!rawData, errno, errMsg);
      return Object.assign(profileOf(JSON.parse(String(rawData))), { verified: true });
    }
    if (avatarUrl === undefined) return Object.assign(profileOf({ nickName }), { verified: false });
    if (!upload) throw invalid('profile needs upload: the avatar is a temporary file');
    return Object.assign(profileOf({ nickName, avatarUrl: await upload(avatarUrl) }), { verified: false });
  };

  getUserProfile = async (options: { desc: string }) => {
    const { desc } = object(options, 'options');
    const detail = await new Promise<ProfileDetail>((resolve) => {
      const failed = (failure?: WxFailure) => resolve((failure || { errMsg: '' }) as ProfileDetail);
      guardCall(
        () => this.options.host.getUserProfile(desc, (result) => resolve(result || { errMsg: '' }), failed),
        failed,
      );
    });
    return this.profile(detail);
  };

  profileMethod = () =>
    this.driver.loaded.then(
      (core) => core.profileMethod(this.options.host.version() || '') as ProfileMethod,
      () => Promise.reject(new AuthError('core_crashed')),
    );

  subscribe = (listener: (state: State) => void) => {
    if (typeof listener !== 'function') throw invalid('subscribe needs a function');
    return this.driver.subscribe(listener);
  };
  trace = () => this.driver.recorder.trace();
  dispose = () => this.driver.shutdown('disposed');

  private wait<T>(options: SignalOption, ask: (id: number) => void): Promise<T> {
    return this.driver.wait<T>(ask, { signal: object(options, 'options').signal });
  }

  private sendOpenData(payload: Payload, complete: boolean, errno: unknown, errMsg: unknown): Promise<Reply> {
    const ask = (id: number) => this.driver.dispatch('openData', id, complete, number(errno), truncate(errMsg));
    return this.driver.wait<Reply>(ask, { payload });
  }

  private post(path: string, data: Record<string, unknown>, isAnswer: NonNullable<Payload['isAnswer']>): Payload {
    return { url: this.edge + path, method: 'POST', data, isAnswer };
  }
}

/** The fields of a profile that have a value. */
function profileOf({ nickName, avatarUrl }: { nickName?: string | undefined; avatarUrl?: string | undefined }) {
  const profile: { nickName?: string; avatarUrl?: string } = {};
  if (nickName !== undefined) profile.nickName = nickName;
  if (avatarUrl !== undefined) profile.avatarUrl = avatarUrl;
  return profile;
}
