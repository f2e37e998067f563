// The steps of a command: which are needed, how far it is, and where the output of compilers goes.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { at, capture, files, logTo, root, UsageError } from './shell.mts';

export interface Step {
  /** Names the log file. */
  name: string;
  /** What happens, for the progress line: "compiling wasm-pack 0.15.1". */
  title: string | (() => string);
  /** Whether an earlier run did it. It is asked when all steps before it are done. */
  isDone(): boolean;
  work(): void | Promise<void>;
}

/** How many lines of a log are shown when its step fails. */
const TAIL_LINES = 20;

/** Counts the steps of one command and prints a line for each: "step 3 of 7, 2 min so far: …". */
export class Progress {
  #number = 0;
  readonly #total: number;
  readonly #started: number;

  constructor(total: number, started: number) {
    this.#total = total;
    this.#started = started;
  }

  begin(title: string): void {
    this.#number += 1;
    const minutes = Math.floor((Date.now() - this.#started) / 60_000);
    // Standard output is the command's own: `npm run bench -- --json` prints JSON alone.
    console.error(`step ${this.#number} of ${this.#total}, ${minutes} min so far: ${title}`);
  }

  skip(): void {
    this.#number += 1;
  }

  /** Does the steps in order, without those that are done. */
  async perform(steps: Step[]): Promise<void> {
    for (const { name, title, isDone, work } of steps) {
      if (isDone()) {
        this.skip();
        continue;
      }
      this.begin(typeof title === 'string' ? title : title());
      await logged(name, work);
    }
  }
}

export function logFile(name: string): string {
  return at('target', 'logs', `${name.replaceAll(/[^A-Za-z0-9]+/g, '-')}.log`);
}

async function logged(name: string, work: () => void | Promise<void>): Promise<void> {
  const path = logFile(name);
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  logTo(file);
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const output = readFileSync(path, 'utf8').trimEnd();
    if (!output) throw error;
    const tail = output.split('\n').slice(-TAIL_LINES).join('\n');
    throw new UsageError(`${error.message} The last lines of ${relative(root, path)}:\n${tail}`, error.status);
  } finally {
    logTo(undefined);
    closeSync(file);
  }
}

interface Cached {
  name: string;
  title: string;
  /** Files and folders that decide the result. */
  inputs: string[];
  /** The step is done only while this exists. */
  output: string;
  /** The compiler's version decides the result, too. */
  rust?: boolean;
  work(): void | Promise<void>;
}

/** How steps are done and recorded: a change here repeats them all. */
const RECIPE = ['scripts/setup.mts', 'scripts/progress.mts', 'scripts/shell.mts'];

/** A step that is done until its inputs change. */
export function cached({ name, title, inputs, output, rust = false, work }: Cached): Step {
  const stamp = at('target', 'stamps', name);
  return {
    name,
    title,
    isDone() {
      if (!existsSync(output) || !existsSync(stamp)) return false;
      const [digest, version] = readFileSync(stamp, 'utf8').split('\n');
      // Where Rust is not installed, what another machine built is used (`npm run serve`).
      return digest === digestOf(inputs) && (!rust || [version, undefined].includes(rustVersion()));
    },
    async work() {
      await work();
      mkdirSync(dirname(stamp), { recursive: true });
      writeFileSync(stamp, `${digestOf(inputs)}\n${rust ? (rustVersion() ?? '') : ''}`);
    },
  };
}

function digestOf(inputs: string[]): string {
  const hash = createHash('sha256');
  for (const file of files([...inputs, ...RECIPE].map((input) => at(input)))) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** The version of the compiler, without installing it; `undefined` where it is missing. */
export function rustVersion(): string | undefined {
  return capture('rustc', ['--version'], { env: { RUSTUP_AUTO_INSTALL: '0' } });
}
