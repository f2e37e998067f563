// State that all parts of WeChat share: clock, random values, configuration, users, quotas, log.

import { ASSUMED, type Assumptions } from '../assumptions.js';
import { Clock } from '../clock.js';
import { Log } from '../log.js';
import { Random } from '../random.js';
import { type App, type Config, validateConfig } from './config.js';
import { Quotas } from './quotas.js';
import { Users } from './users.js';
import { ensure, WeChatError } from './wechat-error.js';

export class World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly assume: Assumptions;
  readonly users: Users;
  readonly quotas: Quotas;

  constructor(private readonly config: Config) {
    validateConfig(config);
    this.clock = new Clock(config.now);
    this.random = new Random(config.seed ?? 1);
    this.log = new Log(() => this.clock.now());
    this.assume = { ...ASSUMED, ...config.assume };
    this.users = new Users((appid) => this.app(appid), this.assume);
    this.quotas = new Quotas(() => this.clock.now());
  }

  /** Milliseconds since 1970. */
  now = (): number => this.clock.now();
  /** Whole seconds since 1970. */
  seconds = (): number => Math.floor(this.clock.now() / 1000);

  appids(): string[] {
    return Object.keys(this.config.apps);
  }

  /** Returns an app; throws `WeChatError` 40013 if there is none with this appid. */
  app(appid: string): App {
    const app = Object.hasOwn(this.config.apps, appid) ? this.config.apps[appid] : undefined;
    if (!app) throw new WeChatError(40013);
    return app;
  }

  /** Returns a mini program; throws `WeChatError` 40013 for other kinds of app, which have no `wx.login`. */
  miniProgram(appid: string): App {
    const app = this.app(appid);
    const { kind = 'mini_program' } = app;
    if (kind !== 'mini_program')
      throw new WeChatError(40013, `invalid appid: ${appid} is a ${kind}, not a mini_program`);
    return app;
  }

  /**
   * Returns the app if appid and secret are right; otherwise throws WeChat's errcode (§3.1, §3.3). Missing parameters,
   * including those in `required`, are reported before wrong ones.
   */
  authenticate(appid: string, secret: string, ...required: Array<[value: string, errcode: number]>): App {
    for (const [value, errcode] of [[appid, 41002] as const, [secret, 41004] as const, ...required]) {
      ensure(value, errcode);
    }
    const app = this.app(appid);
    ensure(app.frozen !== 'secret', 40243);
    ensure(app.frozen !== 'account', 50007);
    ensure(app.secret === secret, 40125);
    return app;
  }

  reset(): void {
    this.clock.reset();
    this.random.reset();
    this.users.clear();
    this.quotas.clear();
    this.log.clear();
  }
}
