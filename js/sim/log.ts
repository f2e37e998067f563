// What happened, in order: each call a phone or a server made, each message WeChat sent, each rule that was broken.

export interface LogEntry {
  /** Counts up from 1. */
  n: number;
  /** Milliseconds since 1970, by the simulator's clock. */
  at: number;
  /** Who did it: a phone's user, a server, WeChat, or who else writes here, like an edge. */
  source: 'phone' | 'server' | 'wechat' | 'edge';
  /** `jscode2session`, `wx.login`, … */
  name: string;
  /** What came of it. */
  text: string;
}

const KEPT = 500;

export class Log {
  private entries: LogEntry[] = [];
  private last = 0;

  constructor(private readonly now: () => number) {}

  add(source: LogEntry['source'], name: string, text: string): void {
    this.last += 1;
    this.entries.push({ n: this.last, at: this.now(), source, name, text });
    if (this.entries.length > KEPT) this.entries.shift();
  }

  after(n: number): LogEntry[] {
    return this.entries.filter((entry) => entry.n > n);
  }

  clear(): void {
    this.entries = [];
  }
}
