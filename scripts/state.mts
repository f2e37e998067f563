// STATE_DIR: a folder that one edge writes to.
import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { UsageError } from './shell.mts';

/** Makes the folder if it is missing, and holds it until this process ends. */
export async function openState(folder: string): Promise<string> {
  try {
    makeFolder(folder);
    if (!statSync(folder).isDirectory()) throw new Error('it is not a folder');
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(`STATE_DIR ${folder} cannot be used: ${(error as Error).message}`);
  }
  await hold(folder);
  return folder;
}

/** As `mkdirSync` with `recursive`, which does not return where a file system refuses new folders, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** Listens on a socket in the folder: the system closes it with the process, however that ends. */
async function hold(folder: string): Promise<void> {
  // A socket's address has some hundred bytes at most; the shorter of both spellings is more likely to fit.
  const absolute = join(folder, 'lock');
  const fromHere = relative(process.cwd(), absolute);
  const address = fromHere.length < absolute.length ? fromHere : absolute;
  const alive = await new Promise<boolean>((resolve) => {
    const probe = createConnection(address);
    probe.once('connect', () => resolve(Boolean(probe.end())));
    probe.once('error', () => resolve(false));
  });
  if (alive)
    throw new UsageError(`STATE_DIR ${folder} is in use by another edge. Stop it, or set STATE_DIR to another folder.`);
  rmSync(address, { force: true });
  await new Promise<void>((resolve, reject) => {
    const lock = createServer((socket) => socket.end()).unref();
    lock.once('error', (error) => reject(new UsageError(`STATE_DIR ${folder} cannot be locked: ${error.message}`)));
    lock.listen(address, resolve);
  });
}
