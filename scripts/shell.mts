// Running other programs, and where things are.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const at = (...parts: string[]): string => join(root, ...parts);
/** Compiled tools; git ignores it. */
export const tools = at('.tools');
export const tool = (name: string): string => join(tools, 'bin', name);
/** A program of a pinned npm package. */
export const npmBin = (name: string): string => at('node_modules', '.bin', name);

/** A failure with a sentence for the user; no stack is shown. */
export class Sorry extends Error {}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
}

/** Runs a program with its output on ours; throws a sentence when it fails. */
export function run(program: string, args: string[], options: RunOptions = {}): void {
  const { status, error } = spawnSync(program, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: 'inherit',
  });
  if (error || status !== 0) {
    throw new Sorry(
      `${relative(root, program)} ${args.slice(0, 3).join(' ')} … failed (${error?.message ?? `exit ${status}`})`,
    );
  }
}

/** Runs a program and gives its standard output; `undefined` when it is missing or fails. */
export function capture(program: string, args: string[]): string | undefined {
  const { status, stdout, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  return error || status !== 0 ? undefined : stdout.trim();
}

/** Runs a program, shows its output and gives it back with the exit status. */
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
    const take = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
      output += chunk.toString();
      to.write(chunk);
    };
    child.stdout.on('data', take(process.stdout));
    child.stderr.on('data', take(process.stderr));
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

/** Does `work` unless it was done before with the same inputs and `output` is still there. */
export function onceFor(
  name: string,
  inputs: string[],
  output: string,
  work: () => void | Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  for (const file of files(inputs.map((input) => at(input)))) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  const digest = hash.digest('hex');
  const stamp = at('target', 'stamps', name);
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return Promise.resolve();
  console.log(`[build] ${name}`);
  return Promise.resolve(work()).then(() => {
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, digest);
  });
}
