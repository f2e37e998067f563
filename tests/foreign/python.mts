import { spawn } from 'node:child_process';
import { python } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import type { Json } from '../harness.mts';

/** Runs a Python program of this folder with JSON on its stdin and returns the JSON that it prints. */
export function runPython(program: string, input: object): Promise<Json> {
  return new Promise((resolve, reject) => {
    const child = spawn(python(), [at('tests/foreign', program)], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('close', (status) => (status === 0 ? resolve(JSON.parse(output)) : reject(new Error(`exit ${status}`))));
    child.stdin.end(JSON.stringify(input));
  });
}
