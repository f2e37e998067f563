// The simulator's log: calls of phones and servers, messages that WeChat sent, warnings.

/** One line of the log. */
export interface LogEntry {
  /** Number of the entry, from 1. */
  n: number;
  /** Milliseconds since 1970 on the simulator's clock. */
  at: number;
  /** Origin of the entry. `edge` is the default of `POST /_sim/log`. */
  source: 'phone' | 'server' | 'wechat' | 'edge';
  /** Name of the call: `jscode2session`, `wx.login`, … */
  name: string;
  /** Outcome. */
  text: string;
}

/** Entries that are kept. */
const MAX_ENTRIES = 500;

/** The log of a simulator; keeps the last 500 entries. */
export class Log {
  private entries: LogEntry[] = [];
  private last = 0;

  constructor(private readonly now: () => number) {}

  /** Appends an entry. */
  add(source: LogEntry['source'], name: string, text: string): void {
    this.last += 1;
    this.entries.push({ n: this.last, at: this.now(), source, name, text });
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
  }

  /** Returns the entries after number `n`; 0: all. */
  after(n: number): LogEntry[] {
    return this.entries.filter((entry) => entry.n > n);
  }

  /** Removes every entry; numbers go on. */
  clear(): void {
    this.entries = [];
  }
}
