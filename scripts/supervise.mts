// Ends workerd and the command together. When workerd dies, the command exits 1, so that a service manager restarts it;
// when the command is killed, workerd is killed, too.
import { type ChildProcess, spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { basename } from 'node:path';
import type { Miniflare } from 'miniflare';
import { type EdgeOptions, startEdge } from './edge.mts';

/** Starts the edge of a command that runs until it is stopped. */
export async function superviseEdge(options: EdgeOptions): Promise<{ edge: Miniflare; stop(): Promise<void> }> {
  let edge: Miniflare | undefined;
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await edge?.dispose();
  };
  const shutdown = () => {
    // Miniflare's handler of the signal exits with 143, which a service manager counts as a failure.
    process.once('exit', () => {
      process.exitCode = 0;
    });
    void stop().finally(() => process.exit(0));
  };
  process.once('SIGINT', shutdown).once('SIGTERM', shutdown);

  // Miniflare does not expose the process that it starts.
  const started = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess };
    child.once('spawn', () => {
      if (!basename(child.spawnfile).startsWith('workerd')) return;
      killWithThisProcess(child.pid as number);
      child.once('exit', (status, signal) => {
        if (stopping) return;
        console.error(`wxauth: workerd ended (${signal ?? `exit ${status}`}).`);
        process.exit(1);
      });
    });
  };
  subscribe('child_process', started);
  try {
    edge = await startEdge(options);
  } finally {
    unsubscribe('child_process', started);
  }
  return { edge, stop };
}

/** Kills `pid` when this process ends, even by SIGKILL: that closes the pipe, and `cat` returns. */
function killWithThisProcess(pid: number): void {
  const options = { stdio: ['pipe', 'ignore', 'ignore'] as ['pipe', 'ignore', 'ignore'], detached: true };
  const watcher = spawn('sh', ['-c', 'cat; kill -9 "$0"', String(pid)], options);
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
}
