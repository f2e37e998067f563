// What a test makes go wrong: by call, by count.

/** The WeChat call a fault is about: a server path's last word, or `wx.` and a method. */
export type Call = string;

export interface Fault {
  /** `jscode2session`, `stable_token`, …, or `wx.login`, `wx.request`, `wx.setStorage`, … */
  call: Call;
  /** From which call on it acts, counted from when it was set; 1 is the next. */
  from?: number;
  /** How many calls it acts on; absent means until it is cleared. */
  times?: number;
  /** Never answers. */
  hang?: boolean;
  /** Answers this much later, in milliseconds. */
  delay_ms?: number;
  /** Server: answers with this errcode. */
  errcode?: number;
  /** Server: answers with this status and body. */
  http?: { status: number; body: string };
  /** Phone: fails with this. */
  fail?: { errMsg: string; errno?: number };
}

export class Faults {
  private active: Array<Fault & { seen: number }> = [];

  add(fault: Fault): void {
    this.active.push({ ...fault, seen: 0 });
  }

  clear(): void {
    this.active = [];
  }

  list(): Fault[] {
    return this.active.map(({ seen: _, ...fault }) => fault);
  }

  /** The fault that acts on this call, if one does. Counts the call. */
  meet(call: Call): Fault | undefined {
    let met: Fault | undefined;
    for (const fault of this.active) {
      if (fault.call !== call) continue;
      fault.seen += 1;
      const from = fault.from ?? 1;
      if (fault.seen >= from && fault.seen < from + (fault.times ?? Number.POSITIVE_INFINITY)) met ??= fault;
    }
    return met;
  }
}
