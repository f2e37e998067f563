// How every `wx.*` call runs (docs/platform-facts.md §1.0): a fault first, then the work, then one of the callbacks,
// later; or a promise, where none was passed and the base library has promises.

import { type Body, dialect, inTap, note } from './device.js';
import { Failure, REASONS, type WxFailure, worded } from './failures.js';
import { WITHOUT_PROMISE, type WithoutPromise } from './promises.js';
import { atLeast, SINCE_PROMISES } from './versions.js';

export interface Ok {
  errMsg: string;
}

export interface Callbacks<Result> {
  success?: (result: Result & Ok) => void;
  fail?: (failure: WxFailure) => void;
  complete?: (result: (Result & Ok) | WxFailure) => void;
}

type AnyCallback = { success: unknown } | { fail: unknown } | { complete: unknown };

/** As the official typings put it: a promise only where no callback is passed. */
export type Api<Options, Result> = <Given extends Options & Callbacks<Result>>(
  options?: Given,
) => Given extends AnyCallback ? void : Promise<Result & Ok>;

/** Of a method in the table of `promises.ts`. */
export type CallbackApi<Options, Result> = (options?: Options & Callbacks<Result>) => void;

export interface Circumstances {
  /** Whether the call was made in a tap's handler. */
  tapped: boolean;
  /** Aborts when the call's patience ends. */
  signal: AbortSignal;
}

type Work<Options, Result> = (options: Options, circumstances: Circumstances) => Result | Promise<Result>;

export interface Manner<Options> {
  /** Milliseconds after which the call fails with a time-out, whatever it waits for. */
  patience?: (options: Options) => Promise<number>;
  /** Whether this callback counts as a tap's handler: that of a dialog whose button was tapped (§8). */
  tapIn?: (callback: 'success' | 'fail' | 'complete') => boolean;
}

/** One of the two. */
interface Outcome<Result> {
  success?: Result & Ok;
  failure?: WxFailure;
}

/**
 * Starts one call, and gives its promise, where it has one. `method` is the method's name, with its object's name in
 * front where that is not `wx`.
 */
export function start<Options extends object, Result extends object>(
  body: Body,
  method: string,
  options: Options & Callbacks<Result>,
  work: Work<Options, Result>,
  { patience, tapIn = () => false }: Manner<Options> = {},
): Promise<Result & Ok> | undefined {
  const name = method.split('.').at(-1) as string;
  const promises = !Object.hasOwn(WITHOUT_PROMISE, method);
  const tapped = body.inTap;
  const ended = new AbortController();
  const wantsPromise = promises && !options.success && !options.fail && !options.complete;
  let resolve: (result: Result & Ok) => void = () => {};
  let reject: (failure: WxFailure) => void = () => {};
  const promise =
    wantsPromise && atLeast(body.SDKVersion, SINCE_PROMISES)
      ? new Promise<Result & Ok>((kept, broken) => {
          resolve = kept;
          reject = broken;
        })
      : undefined;

  const hear = (callback: 'success' | 'fail' | 'complete', run: () => void) =>
    tapIn(callback) ? inTap(body, run) : run();
  const call = ({ success, failure }: Outcome<Result>) => {
    if (body.life === 'dead') return;
    if (success) {
      resolve(success);
      hear('success', () => options.success?.(success));
      hear('complete', () => options.complete?.(success));
    } else if (failure) {
      reject(failure);
      hear('fail', () => options.fail?.(failure));
      hear('complete', () => options.complete?.(failure));
    }
  };

  const limit = patience && (() => patience(options));
  const attempted = attempt(body, name, () => work(options, { tapped, signal: ended.signal }), ended, limit);
  void attempted.then(({ outcome, twice, until }) => {
    if (!outcome) return;
    const text = outcome.failure ? outcome.failure.errMsg.replace(/^\w+:/, '') : 'ok';
    note(body, `wx.${name}`, text);
    const run = () => call(outcome);
    const result = outcome.failure ? 'fail' : 'success';
    const deliver = () => {
      body.deliver({ api: name, result, run });
      if (twice) body.deliver({ api: name, result, run });
    };
    if (until) body.held.push({ until, run: deliver });
    else deliver();
  });
  return promise;
}

/** Without an outcome, nothing is ever called back. */
interface Attempted<Result> {
  outcome?: Outcome<Result>;
  twice?: boolean;
  until?: 'hide' | 'show';
}

async function attempt<Result extends object>(
  body: Body,
  name: string,
  work: () => Result | Promise<Result>,
  ended: AbortController,
  limit: (() => Promise<number>) | undefined,
): Promise<Attempted<Result>> {
  const worked = tried(body, name, work);
  if (!limit) return worked;
  const cancel: Array<() => void> = [];
  const tooLate = limit().then(
    (ms) => new Promise<void>((resolve) => void cancel.push(body.clock.after(ms, resolve))),
    // Whoever cannot know the limit has none; the work says what is wrong.
    () => new Promise<never>(() => {}),
  );
  const attempted = await Promise.race([worked, tooLate]);
  for (const stop of cancel) stop();
  if (attempted) return attempted;
  ended.abort();
  return { outcome: { failure: await described(body, name, new Failure(REASONS.timeout)) } };
}

async function tried<Result extends object>(
  body: Body,
  name: string,
  work: () => Result | Promise<Result>,
): Promise<Attempted<Result>> {
  const fault = await body.cloud('enter', { ...body.who, call: `wx.${name}` }).catch(() => null);
  const spoiled = async (): Promise<{ failure: WxFailure } | 'never' | undefined> => {
    if (fault?.delay_ms) await body.clock.sleep(fault.delay_ms);
    if (fault?.hang) return 'never';
    return fault?.fail ? { failure: fault.fail } : undefined;
  };
  const how = { twice: fault?.twice === true, ...(fault?.until ? { until: fault.until } : {}) };
  const before = fault && !fault.after_work ? await spoiled() : undefined;
  if (before === 'never') return {};
  if (before) return { outcome: before, ...how };
  const outcome: Outcome<Result> = await (async () => work())().then(
    (result) => ({ success: { errMsg: `${name}:ok`, ...result } }),
    async (error: unknown) => ({ failure: await described(body, name, error) }),
  );
  const after = fault?.after_work ? await spoiled() : undefined;
  if (after === 'never') return {};
  return { outcome: after ?? outcome, ...how };
}

async function described(body: Body, name: string, error: unknown): Promise<WxFailure> {
  const failure = error instanceof Failure ? error : new Failure({ text: String((error as Error).message) });
  return worded(name, failure, await dialect(body).catch(() => ({ ...body, old_texts_below: '0' })));
}

/** A method of `wx`. */
export function api<Options extends object, Result extends object>(
  body: Body,
  name: string,
  work: Work<Options, Result>,
  manner: Manner<Options> = {},
): Api<Options, Result> {
  return ((options = {} as never) => start(body, name, options, work, manner)) as Api<Options, Result>;
}

/** A method of `wx` that has no promise. */
export function callbackApi<Options extends object, Result extends object>(
  body: Body,
  name: WithoutPromise,
  work: Work<Options, Result>,
  manner: Manner<Options> = {},
): CallbackApi<Options, Result> {
  return (options = {} as never) => void start(body, name, options, work, manner);
}
