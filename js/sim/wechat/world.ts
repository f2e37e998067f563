// What the parts of WeChat share: time, randomness, settings, people, quotas, the log.

import { ASSUMED, type Assumptions } from '../assumptions.js';
import { Clock } from '../clock.js';
import { Log } from '../log.js';
import { Random } from '../random.js';
import { type App, type Config, mustBeValid } from './config.js';
import { Quotas } from './quotas.js';
import { People } from './users.js';
import { Refusal, refuseUnless } from './wechat-error.js';

export class World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly assume: Assumptions;
  readonly people: People;
  readonly quotas: Quotas;

  constructor(private readonly config: Config) {
    mustBeValid(config);
    this.clock = new Clock(config.now);
    this.random = new Random(config.seed ?? 1);
    this.log = new Log(() => this.clock.now());
    this.assume = { ...ASSUMED, ...config.assume };
    this.people = new People((appid) => this.app(appid), this.assume);
    this.quotas = new Quotas(() => this.clock.now());
  }

  now = (): number => this.clock.now();
  seconds = (): number => Math.floor(this.clock.now() / 1000);

  appids(): string[] {
    return Object.keys(this.config.apps);
  }

  app(appid: string): App {
    const app = Object.hasOwn(this.config.apps, appid) ? this.config.apps[appid] : undefined;
    if (!app) throw new Refusal(40013);
    return app;
  }

  /** A mini program of that appid: other kinds of app have neither `wx.login` nor its buttons. */
  miniProgram(appid: string): App {
    const app = this.app(appid);
    const { kind = 'mini_program' } = app;
    if (kind !== 'mini_program') throw new Refusal(40013, `invalid appid: ${appid} is a ${kind}, not a mini_program`);
    return app;
  }

  /**
   * The app behind an appid and its secret, or WeChat's word on what is wrong with them (§3.1, §3.3). What is missing,
   * also of `needed`, is said before what is wrong.
   */
  authenticate(appid: string, secret: string, ...needed: Array<[value: string, errcode: number]>): App {
    for (const [value, errcode] of [[appid, 41002] as const, [secret, 41004] as const, ...needed]) {
      refuseUnless(value, errcode);
    }
    const app = this.app(appid);
    refuseUnless(app.frozen !== 'secret', 40243);
    refuseUnless(app.frozen !== 'account', 50007);
    refuseUnless(app.secret === secret, 40125);
    return app;
  }

  reset(): void {
    this.clock.reset();
    this.random.reset();
    this.people.clear();
    this.quotas.clear();
    this.log.clear();
  }
}
