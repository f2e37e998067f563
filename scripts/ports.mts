// Ports that the commands listen on.
import { createServer } from 'node:net';
import { UsageError } from './shell.mts';

export function port(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new UsageError(`${name} must be a port, not "${process.env[name]}".`);
  return value;
}

export function mustBeFree(name: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () =>
      reject(
        new UsageError(`Port ${port} is in use. Stop the program that listens there, or set ${name} to another port.`),
      ),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}
