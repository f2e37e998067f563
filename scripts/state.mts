// STATE_DIR, the folder that one edge at a time writes to.
import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { UsageError } from './shell.mts';

/** Makes the folder if it is missing, and locks it until this process ends. */
export async function openState(folder: string): Promise<string> {
  try {
    makeFolder(folder);
    if (!statSync(folder).isDirectory()) throw new Error('not a folder');
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(`STATE_DIR ${folder} cannot be used: ${(error as Error).message}`);
  }
  await lock(folder);
  return folder;
}

/** `mkdirSync` with `recursive` would never return on a file system that refuses new folders, such as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** Listens on a socket in the folder: the system closes it however the process ends. */
async function lock(folder: string): Promise<void> {
  // The path of a socket is limited to about 100 bytes, so the shorter of the two forms is used.
  const absolute = join(folder, 'lock');
  const relativePath = relative(process.cwd(), absolute);
  const address = relativePath.length < absolute.length ? relativePath : absolute;
  const alive = await new Promise<boolean>((resolve) => {
    const probe = createConnection(address);
    probe.once('connect', () => resolve(Boolean(probe.end())));
    probe.once('error', () => resolve(false));
  });
  if (alive)
    throw new UsageError(`STATE_DIR ${folder} is in use by another edge. Stop it, or set STATE_DIR to another folder.`);
  rmSync(address, { force: true });
  await new Promise<void>((resolve, reject) => {
    const server = createServer((socket) => socket.end()).unref();
    server.once('error', (error) => reject(new UsageError(`STATE_DIR ${folder} cannot be locked: ${error.message}`)));
    server.listen(address, resolve);
  });
}
