// The clock of everything in the simulator: either the machine's, which tests can advance, or a virtual one that stands
// still until a test advances it.

interface Timer {
  /** Milliseconds since 1970. */
  due: number;
  /** Whether the timer lets the process end, as `unref` does in Node. */
  background: boolean;
  run: () => void;
}

/** A clock with timers. */
export class Clock {
  /** Milliseconds by which tests have advanced the clock. */
  private offset = 0;
  private timers: Timer[] = [];
  private alarm: ReturnType<typeof setTimeout> | undefined;

  /** With `start`, in milliseconds since 1970, the clock is virtual; without it, it is the machine's. */
  constructor(private readonly start?: number) {}

  /** Returns the time in milliseconds since 1970. */
  now(): number {
    return (this.start ?? Date.now()) + this.offset;
  }

  /** Runs a function after `ms` milliseconds. Returns a function that cancels it. A `background` timer lets the process end. */
  after(ms: number, run: () => void, { background = false } = {}): () => void {
    const timer = { due: this.now() + Math.max(0, ms), background, run };
    this.timers.push(timer);
    // A timer that is due already runs without `advance`.
    if (ms <= 0) queueMicrotask(() => this.runDue());
    this.arm();
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
      this.arm();
    };
  }

  /** Resolves after `ms` milliseconds. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Advances the clock by `ms` milliseconds. Timers run in the order of their times; promises settle between them. */
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

  /** Undoes every `advance`. Timers stay. */
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
    for (const { run } of due) runIsolated(run);
    this.arm();
  }

  /** Sets the machine's alarm for the next timer. A virtual clock needs none: `advance` runs its timers. */
  private arm(): void {
    clearTimeout(this.alarm);
    if (this.start !== undefined || this.timers.length === 0) return;
    const next = Math.min(...this.timers.map(({ due }) => due));
    this.alarm = setTimeout(() => this.runDue(), Math.max(0, next - this.now()));
    // Timers of a web page have no `unref`.
    const alarm = this.alarm as { unref?: () => void };
    if (this.timers.every(({ background }) => background)) alarm.unref?.();
  }
}

/** Runs a callback. An exception does not stop the other callbacks; it is reported as an uncaught one. */
function runIsolated(run: () => void): void {
  try {
    run();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

/** Resolves after one turn of the event loop, when every promise that can settle has settled. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
