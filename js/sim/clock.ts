// Time for everything in the simulator. Either the machine's, which a test may push ahead, or a virtual one that
// stands still until somebody advances it.

interface Timer {
  due: number;
  /** Does not keep the process alive, as `unref` of Node's timers. */
  background: boolean;
  run: () => void;
}

export class Clock {
  private offset = 0;
  private timers: Timer[] = [];
  private alarm: ReturnType<typeof setTimeout> | undefined;

  /** With `start`, in milliseconds since 1970, the clock is virtual; without, it is the machine's. */
  constructor(private readonly start?: number) {}

  /** Milliseconds since 1970. */
  now(): number {
    return (this.start ?? Date.now()) + this.offset;
  }

  /**
   * Runs something so many milliseconds from now; gives how to call it off. In the background it does not keep the
   * process alive.
   */
  after(ms: number, run: () => void, { background = false } = {}): () => void {
    const timer = { due: this.now() + Math.max(0, ms), background, run };
    this.timers.push(timer);
    // What is due at once needs no one to advance the clock.
    if (ms <= 0) queueMicrotask(() => this.runDue());
    this.arm();
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
      this.arm();
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Lets so much time pass. Timers run in their order, and what they start gets its turn between them. */
  async advance(ms: number): Promise<void> {
    const end = this.now() + ms;
    for (;;) {
      await settled();
      const next = Math.min(...this.timers.map(({ due }) => due));
      if (next > end) break;
      this.moveTo(next);
      this.runDue();
    }
    this.moveTo(end);
    this.arm();
  }

  /** Back to where it began. */
  reset(): void {
    this.offset = 0;
  }

  private moveTo(time: number): void {
    this.offset += Math.max(0, time - this.now());
  }

  private runDue(): void {
    const now = this.now();
    const due = this.timers.filter((timer) => timer.due <= now).sort((a, b) => a.due - b.due);
    this.timers = this.timers.filter((timer) => timer.due > now);
    for (const { run } of due) guarded(run);
    this.arm();
  }

  /** The machine's clock needs waking; a virtual one is woken by `advance`. */
  private arm(): void {
    clearTimeout(this.alarm);
    if (this.start !== undefined || this.timers.length === 0) return;
    const next = Math.min(...this.timers.map(({ due }) => due));
    this.alarm = setTimeout(() => this.runDue(), Math.max(0, next - this.now()));
    // Node's timers have `unref`, a page's do not.
    const alarm = this.alarm as { unref?: () => void };
    if (this.timers.every(({ background }) => background)) alarm.unref?.();
  }
}

/** What one callback throws is its own: the others come, and the error is reported as any uncaught one. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

/** A turn of the event loop: every promise that can settle has. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
