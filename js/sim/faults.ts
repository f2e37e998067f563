// Faults that tests inject: by call and by count, before the work of a call or after it.

import type { WxFailure } from './phone/failures.js';

/** A fault: a call, and the way in which it fails. */
export interface Fault {
  /** Last segment of a server path (`jscode2session`), or `wx.` and a method (`wx.login`). */
  call: string;
  /** Restricts the fault to calls of this user. */
  user?: string;
  /** First call on which it acts, counted from now; 1 (default) is the next call. */
  from?: number;
  /** Number of calls, from `from`, within which it acts. Default: until it is cleared. */
  times?: number;
  /** Acts on every n-th call only. Default 1. */
  every?: number;
  /** Performs the work first, then spoils the answer: the code is used, but the caller cannot know. */
  after_work?: boolean;
  /** Never answers. */
  hang?: boolean;
  /** Delays the answer by so many milliseconds. */
  delay_ms?: number;
  /** Server: answers with this errcode. */
  errcode?: number;
  /** Server: message of `errcode`. Default: WeChat's message. */
  errmsg?: string;
  /** Server: answers with this status and body. */
  http?: HttpFault;
  /** Server: closes the connection without an answer. */
  drop?: boolean;
  /** Phone: fails with this failure. */
  fail?: WxFailure;
  /** Phone: runs the callbacks twice. */
  twice?: boolean;
  /** Phone: runs the callbacks at the next hide or show of the app. */
  until?: 'hide' | 'show';
}

/** HTTP answer of a fault. */
export interface HttpFault {
  /** HTTP status, from 200 to 599. */
  status: number;
  /** The body; empty for a status that has none. */
  body: string | Uint8Array<ArrayBuffer>;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isInteger: Check = (value) => Number.isSafeInteger(value);
const isPositive: Check = (value) => isInteger(value) && (value as number) > 0;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Statuses that a `Response` can have. */
const isStatus: Check = (value) => isInteger(value) && (value as number) >= 200 && (value as number) <= 599;
/** Statuses whose response must not have a body. */
const WITHOUT_BODY = [204, 205, 304];

const isHttp: Check = (value) =>
  isObject(value) &&
  isStatus(value.status) &&
  (isText(value.body) || value.body instanceof Uint8Array) &&
  (value.body === '' || !WITHOUT_BODY.includes(value.status as number));

const FIELDS: Record<keyof Fault, [check: Check, kind: string]> = {
  call: [(value) => isText(value) && value !== '', 'a name, such as jscode2session or wx.login'],
  user: [isText, 'a string'],
  from: [isPositive, 'an integer, at least 1'],
  times: [isPositive, 'an integer, at least 1'],
  every: [isPositive, 'an integer, at least 1'],
  after_work: [isFlag, 'true or false'],
  hang: [isFlag, 'true or false'],
  delay_ms: [(value) => Number.isFinite(value) && (value as number) >= 0, 'a number of milliseconds'],
  errcode: [isInteger, 'an integer'],
  errmsg: [isText, 'a string'],
  http: [isHttp, '{status, body}: a status from 200 to 599, and a string or bytes'],
  drop: [isFlag, 'true or false'],
  fail: [
    (value) => isObject(value) && isText(value.errMsg) && (value.errno === undefined || isInteger(value.errno)),
    '{errMsg, errno?}: a string and an integer',
  ],
  twice: [isFlag, 'true or false'],
  until: [(value) => value === 'hide' || value === 'show', '"hide" or "show"'],
};

/** Rejects unknown and mistyped fields: a typo must not silently make another fault. */
function validate(fault: object): asserts fault is Fault {
  for (const [name, value] of Object.entries({ call: undefined, ...fault })) {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof Fault] : undefined;
    if (!field) throw new Error(`unknown field of a fault: ${name}`);
    const [check, kind] = field;
    const present = value !== undefined || name === 'call';
    if (present && !check(value)) throw new Error(`${name} of a fault must be ${kind}`);
  }
}

/** The faults that are set. */
export class Faults {
  private active: Array<{ fault: Fault; seen: number }> = [];

  /** Sets a fault. Throws if a field is unknown or has a wrong type. */
  add(fault: Fault): void {
    validate(fault);
    this.active.push({ fault: { ...fault }, seen: 0 });
  }

  /** Clears the faults of one call, or all. */
  clear(call?: string): void {
    this.active = call ? this.active.filter(({ fault }) => fault.call !== call) : [];
  }

  /** Returns the faults that are set. */
  list(): Fault[] {
    return this.active.map(({ fault }) => fault);
  }

  /** Counts a call and returns the first fault that acts on it, if any. */
  match(call: string, user?: string): Fault | undefined {
    let matched: Fault | undefined;
    for (const active of this.active) {
      const { fault } = active;
      if (fault.call !== call || (fault.user !== undefined && fault.user !== user)) continue;
      active.seen += 1;
      const from = fault.from ?? 1;
      const nth = active.seen - from;
      if (nth >= 0 && nth < (fault.times ?? Number.POSITIVE_INFINITY) && nth % (fault.every ?? 1) === 0)
        matched ??= fault;
    }
    return matched;
  }
}
