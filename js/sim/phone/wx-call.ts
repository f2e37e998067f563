// One call of a `wx` method (docs/platform-facts.md §1.0). Every call takes these steps, in this order:
//
//   1 enter    WeChat counts the call, and returns the fault that acts on it, if any
//   2 fault    unless `after_work`: waits `delay_ms`, then hangs or fails
//   3 work     the method itself: requests operations, shows dialogs, sends requests
//   4 fault    with `after_work`: as step 2; the outcome of the work is lost
//   5 log      the outcome goes to WeChat's log
//   6 deliver  once, twice, or at the next hide or show, as the fault says
//   7 settle   the promise, then `success` or `fail`, then `complete`; nothing if the app has ended
//
// A time limit covers steps 1 to 4: when it passes, they are abandoned, and the outcome is a time-out without a fault.
// A call that hangs in step 2 or 4 never goes on.

import type { Fault } from '../faults.js';
import type { SingleOperation, WeChatRpc } from '../wechat-rpc.js';
import { type Device, dialect, inTap, logCall } from './device.js';
import { CallError, REASONS, toWxFailure, type WxFailure } from './failures.js';
import { WITHOUT_PROMISE, type WithoutPromise } from './promises.js';
import { atLeast, SINCE_PROMISES } from './versions.js';

/** Part of every result. */
export interface Ok {
  /** `<api>:ok` (§1.0). */
  errMsg: string;
}

/** Callbacks of a `wx` method (§1.0). */
export interface Callbacks<Result> {
  /** Receives the result. */
  success?: (result: Result & Ok) => void;
  /** Receives the failure. */
  fail?: (failure: WxFailure) => void;
  /** Receives the result or the failure, after the other two. */
  complete?: (result: (Result & Ok) | WxFailure) => void;
}

type CallbackName = keyof Callbacks<unknown>;

/** Options with at least one callback. */
export type AnyCallback = Record<'success', unknown> | Record<'fail', unknown> | Record<'complete', unknown>;

/** A method that returns a promise if no callback is passed, as the official typings declare it. */
export type WxMethod<Options, Result> = <Given extends Options & Callbacks<Result>>(
  options?: Given,
) => Given extends AnyCallback ? void : Promise<Result & Ok>;

/** A method that is listed in `promises.ts`: it never returns a promise. */
export type WxCallbackMethod<Options, Result> = (options?: Options & Callbacks<Result>) => void;

/** Context of a call, for the work of its method. */
export interface CallContext {
  /** Whether the call was made in a tap's handler. */
  tapped: boolean;
  /** Aborts when the time limit passes. */
  signal: AbortSignal;
  /** Requests operations. `enter` has performed the one in `CallSettings.operation` already, unless a fault acts. */
  rpc: WeChatRpc;
}

type Work<Options, Result> = (options: Options, context: CallContext) => Result | Promise<Result>;

export interface CallSettings<Options> {
  /** Returns the time limit in milliseconds. If it rejects, there is no limit. */
  timeLimit?: (options: Options) => Promise<number>;
  /** Whether this callback counts as a tap's handler: that of a dialog whose button was tapped (§8). */
  tapIn?: (callback: CallbackName) => boolean;
  /** The operation that the work needs first; saves a round trip. */
  operation?: SingleOperation;
}

type Outcome<Result> = { success: Result & Ok } | { failure: WxFailure };

/** The outcome of steps 1 to 4. */
interface Finished<Result> {
  /** Absent if the call hangs. */
  outcome?: Outcome<Result>;
  /** The fault, for its part in the delivery. */
  fault?: Fault | undefined;
  /** Whether WeChat has logged the success already. */
  logged?: boolean;
}

/**
 * Starts one call and returns its promise, if it has one. `method` is the method's name; methods of other objects than
 * `wx` have the object's name in front, such as `UserCryptoManager.getRandomValues`.
 */
export function start<Options extends object, Result extends object>(
  device: Device,
  method: string,
  options: Options & Callbacks<Result>,
  work: Work<Options, Result>,
  settings: CallSettings<Options> = {},
): Promise<Result & Ok> | undefined {
  const { timeLimit, operation } = settings;
  const name = method.split('.').at(-1) as string;
  const expired = new AbortController();
  const context = { tapped: device.inTap, signal: expired.signal };
  const { promise, settle } = settlement(device, method, options, settings);
  const finished = finish<Result>(device, name, operation, (rpc) => work(options, { ...context, rpc }));
  const limited = timeLimit ? withTimeLimit(device, name, finished, timeLimit(options), expired) : finished;
  void limited.then((result) => deliver(device, name, result, settle));
  return promise;
}

/** Steps 1 to 4. */
async function finish<Result extends object>(
  device: Device,
  name: string,
  operation: SingleOperation | undefined,
  work: (rpc: WeChatRpc) => Result | Promise<Result>,
): Promise<Finished<Result>> {
  const call = { ...device.identity, call: `wx.${name}`, ...(operation ? { operation } : {}) };
  // If WeChat refuses the operation or is not reachable, the work requests it again and fails with the reason.
  const entered = await device.rpc('enter', call).catch(() => undefined);
  const fault = entered?.fault ?? undefined;
  if (fault && !fault.after_work) {
    const effect = await applyFault(device, fault);
    if (effect === 'hang') return {};
    if (effect) return { outcome: effect, fault };
  }
  const rpc = withResult(device.rpc, operation, entered?.result);
  const outcome: Outcome<Result> = await (async () => work(rpc))().then(
    (result) => ({ success: { errMsg: `${name}:ok`, ...result } }),
    async (error: unknown) => ({ failure: await failureOf(device, name, error) }),
  );
  if (fault?.after_work) {
    const effect = await applyFault(device, fault);
    if (effect === 'hang') return {};
    if (effect) return { outcome: effect, fault };
  }
  return { outcome, fault, logged: entered?.logged === true && 'success' in outcome };
}

/** Waits, and returns the failure that the fault demands; `hang`: the call never goes on. */
async function applyFault(device: Device, fault: Fault): Promise<{ failure: WxFailure } | 'hang' | undefined> {
  if (fault.delay_ms) await device.clock.sleep(fault.delay_ms);
  if (fault.hang) return 'hang';
  return fault.fail ? { failure: fault.fail } : undefined;
}

/** Answers the first request of `operation` with the result that `enter` has returned. */
function withResult(rpc: WeChatRpc, operation: SingleOperation | undefined, result: unknown): WeChatRpc {
  let unused = result !== undefined;
  return (op, args) => {
    if (op !== operation || !unused) return rpc(op, args);
    unused = false;
    return Promise.resolve(result as never);
  };
}

/** Ends steps 1 to 4 with a time-out when the limit passes. */
async function withTimeLimit<Result>(
  device: Device,
  name: string,
  finished: Promise<Finished<Result>>,
  limit: Promise<number>,
  expired: AbortController,
): Promise<Finished<Result>> {
  const cancel: Array<() => void> = [];
  const timeout = limit.then(
    (ms) => new Promise<void>((resolve) => void cancel.push(device.clock.after(ms, resolve))),
    () => new Promise<never>(() => {}),
  );
  const first = await Promise.race([finished, timeout]);
  for (const stop of cancel) stop();
  if (first) return first;
  expired.abort();
  return { outcome: { failure: await failureOf(device, name, new CallError(REASONS.timeout)) } };
}

async function failureOf(device: Device, name: string, error: unknown): Promise<WxFailure> {
  const known = error instanceof CallError ? error : new CallError({ text: String((error as Error).message) });
  return toWxFailure(name, known, await dialect(device).catch(() => ({ ...device, old_texts_below: '0' })));
}

/** Steps 5 and 6. */
function deliver<Result>(
  device: Device,
  name: string,
  { outcome, fault, logged }: Finished<Result>,
  settle: (outcome: Outcome<Result>) => void,
): void {
  if (!outcome) return;
  const failed = 'failure' in outcome;
  if (!logged) logCall(device, `wx.${name}`, failed ? outcome.failure.errMsg.replace(/^\w+:/, '') : 'ok');
  const delivery = { api: name, result: failed ? 'fail' : 'success', run: () => settle(outcome) } as const;
  const run = () => {
    device.deliver(delivery);
    if (fault?.twice) device.deliver(delivery);
  };
  if (fault?.until) device.heldCallbacks.push({ until: fault.until, run });
  else run();
}

/** Step 7. */
function settlement<Result extends object>(
  device: Device,
  method: string,
  callbacks: Callbacks<Result>,
  { tapIn = () => false }: Pick<CallSettings<never>, 'tapIn'>,
): { promise: Promise<Result & Ok> | undefined; settle: (outcome: Outcome<Result>) => void } {
  const withPromise =
    !Object.hasOwn(WITHOUT_PROMISE, method) &&
    !(callbacks.success || callbacks.fail || callbacks.complete) &&
    atLeast(device.SDKVersion, SINCE_PROMISES);
  let resolve: (result: Result & Ok) => void = () => {};
  let reject: (failure: WxFailure) => void = () => {};
  const promise = withPromise
    ? new Promise<Result & Ok>((resolved, rejected) => {
        resolve = resolved;
        reject = rejected;
      })
    : undefined;
  const call = (callback: CallbackName, run: () => void) => (tapIn(callback) ? inTap(device, run) : run());
  const settle = (outcome: Outcome<Result>) => {
    if (device.appState === 'dead') return;
    if ('success' in outcome) {
      resolve(outcome.success);
      call('success', () => callbacks.success?.(outcome.success));
      call('complete', () => callbacks.complete?.(outcome.success));
    } else {
      reject(outcome.failure);
      call('fail', () => callbacks.fail?.(outcome.failure));
      call('complete', () => callbacks.complete?.(outcome.failure));
    }
  };
  return { promise, settle };
}

/** Makes a method of `wx`. */
export function api<Options extends object, Result extends object>(
  device: Device,
  name: string,
  work: Work<Options, Result>,
  settings: CallSettings<Options> = {},
): WxMethod<Options, Result> {
  return ((options = {} as never) => start(device, name, options, work, settings)) as WxMethod<Options, Result>;
}

/** Makes a method of `wx` that never returns a promise. */
export function callbackApi<Options extends object, Result extends object>(
  device: Device,
  name: WithoutPromise,
  work: Work<Options, Result>,
  settings: CallSettings<Options> = {},
): WxCallbackMethod<Options, Result> {
  return (options = {} as never) => void start(device, name, options, work, settings);
}
