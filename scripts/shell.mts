// Where things are, and how other programs are run.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const at = (...parts: string[]): string => join(root, ...parts);
/** Compiled tools; git ignores the folder. */
export const tools = at('.tools');
export const tool = (name: string): string => join(tools, 'bin', name);
/** A program of a pinned npm package. */
export const npmBin = (name: string): string => at('node_modules', '.bin', name);

/** An error that is shown to the user as one sentence, without a stack. */
export class UsageError extends Error {
  /** The exit status of the command: 2 for wrong usage, else 1. */
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
}

/** The log of the step under way (progress.mts); programs write to the terminal where it is undefined. */
let log: number | undefined;

export function logTo(file: number | undefined): void {
  log = file;
}

/** Runs a program. Its output goes to the log of the step under way. */
export function run(program: string, args: string[], options: RunOptions = {}): void {
  const { status, error } = spawnSync(program, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: log === undefined ? 'inherit' : ['ignore', log, log],
  });
  if (error || status !== 0) {
    const shown = `${relative(root, program).startsWith('..') ? program : relative(root, program)} ${args.slice(0, 3).join(' ')}`;
    throw new UsageError(`\`${shown} …\` failed (${error?.message ?? `exit ${status}`}).`);
  }
}

/** Runs a program and returns its standard output; `undefined` when it is missing or fails. */
export function capture(program: string, args: string[], options: RunOptions = {}): string | undefined {
  const { status, stdout, error } = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
  });
  return error || status !== 0 ? undefined : stdout.trim();
}

/** Runs a program, shows its output, and returns it with the exit status. */
export function watch(
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const copyTo = (terminal: NodeJS.WriteStream) => (chunk: Buffer) => {
      output += chunk.toString();
      terminal.write(chunk);
    };
    child.stdout.on('data', copyTo(process.stdout));
    child.stderr.on('data', copyTo(process.stderr));
    child.on('error', (error) => resolve({ status: 127, output: output + error.message }));
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

/** Every file below the given files and folders, sorted. */
export function files(paths: string[]): string[] {
  return paths.flatMap((path) => {
    if (!existsSync(path)) return [];
    if (!statSync(path).isDirectory()) return [path];
    return files(
      readdirSync(path)
        .sort()
        .map((name) => join(path, name)),
    );
  });
}
