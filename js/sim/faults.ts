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
  http?: { status: number; body: string };
  /** Server: closes the connection without an answer. */
  drop?: boolean;
  /** Phone: fails with this. */
  fail?: { errMsg: string; errno?: number };
  /** Phone: calls back twice. */
  twice?: boolean;
  /** Phone: calls back only after the app was next hidden, or shown. */
  until?: 'hide' | 'show';
}

export class Faults {
  private active: Array<{ fault: Fault; seen: number }> = [];

  add(fault: Fault): void {
    if (!fault.call) throw new Error('a fault needs a call, such as jscode2session or wx.login');
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
  meet(call: string, user?: string): Fault | undefined {
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
