// What a test makes go wrong: by call, by count, before the work or after it.

export interface Fault {
  /** A server path's last word (`jscode2session`), or `wx.` and a method (`wx.login`). */
  call: string;
  /** Only this person's calls. */
  user?: string;
  /** From which call on it acts, counted from when it was set; 1 is the next. */
  from?: number;
  /** How many calls it acts on; absent means until it is cleared. */
  times?: number;
  /** Acts on each so-many-th call only. */
  every?: number;
  /** Whether the work is done first, and only the answer goes wrong: the code is used and nobody knows. */
  after_work?: boolean;
  /** Never answers. */
  hang?: boolean;
  /** Answers this much later, in milliseconds. */
  delay_ms?: number;
  /** Server: answers with this errcode. */
  errcode?: number;
  errmsg?: string;
  /** Server: answers with this status and body. */
  http?: { status: number; body: string | Uint8Array<ArrayBuffer> };
  /** Server: closes the connection without an answer. */
  drop?: boolean;
  /** Phone: fails with this. */
  fail?: { errMsg: string; errno?: number };
  /** Phone: calls back twice. */
  twice?: boolean;
  /** Phone: calls back only after the app was next hidden, or shown. */
  until?: 'hide' | 'show';
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isInteger: Check = (value) => Number.isSafeInteger(value);
const isPositive: Check = (value) => isInteger(value) && (value as number) > 0;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The statuses that a `Response` can have. */
const isStatus: Check = (value) => isInteger(value) && (value as number) >= 200 && (value as number) <= 599;
/** Responses of these must have no body. */
const BODILESS = [204, 205, 304];

const isHttp: Check = (value) =>
  isObject(value) &&
  isStatus(value.status) &&
  (isText(value.body) || value.body instanceof Uint8Array) &&
  (value.body === '' || !BODILESS.includes(value.status as number));

const FIELDS: Record<keyof Fault, [check: Check, kind: string]> = {
  call: [(value) => isText(value) && value !== '', 'a name, such as jscode2session or wx.login'],
  user: [isText, 'a text'],
  from: [isPositive, 'an integer, at least 1'],
  times: [isPositive, 'an integer, at least 1'],
  every: [isPositive, 'an integer, at least 1'],
  after_work: [isFlag, 'true or false'],
  hang: [isFlag, 'true or false'],
  delay_ms: [(value) => Number.isFinite(value) && (value as number) >= 0, 'a number of milliseconds'],
  errcode: [isInteger, 'an integer'],
  errmsg: [isText, 'a text'],
  http: [isHttp, '{status, body}: 200 to 599, and a text or bytes'],
  drop: [isFlag, 'true or false'],
  fail: [
    (value) => isObject(value) && isText(value.errMsg) && (value.errno === undefined || isInteger(value.errno)),
    '{errMsg, errno?}: a text, and an integer',
  ],
  twice: [isFlag, 'true or false'],
  until: [(value) => value === 'hide' || value === 'show', '"hide" or "show"'],
};

/** A misspelt or mistyped field is refused: the fault would silently be another one. */
function mustBeFault(fault: object): asserts fault is Fault {
  for (const [name, value] of Object.entries({ call: undefined, ...fault })) {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof Fault] : undefined;
    if (!field) throw new Error(`a fault has no ${name}`);
    const [check, kind] = field;
    const given = value !== undefined || name === 'call';
    if (given && !check(value)) throw new Error(`${name} of a fault must be ${kind}`);
  }
}

export class Faults {
  private active: Array<{ fault: Fault; seen: number }> = [];

  add(fault: Fault): void {
    mustBeFault(fault);
    this.active.push({ fault: { ...fault }, seen: 0 });
  }

  /** All, or those of one call. */
  clear(call?: string): void {
    this.active = call ? this.active.filter(({ fault }) => fault.call !== call) : [];
  }

  list(): Fault[] {
    return this.active.map(({ fault }) => fault);
  }

  /** The fault that acts on this call, if one does. Counts the call. */
  match(call: string, user?: string): Fault | undefined {
    let met: Fault | undefined;
    for (const active of this.active) {
      const { fault } = active;
      if (fault.call !== call || (fault.user !== undefined && fault.user !== user)) continue;
      active.seen += 1;
      const from = fault.from ?? 1;
      const nth = active.seen - from;
      if (nth >= 0 && nth < (fault.times ?? Number.POSITIVE_INFINITY) && nth % (fault.every ?? 1) === 0) met ??= fault;
    }
    return met;
  }
}
