// The steps of the npm scripts: what a failing step shows, and when a step is repeated.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { cached, logFile, Progress } from '../../scripts/progress.mts';
import { at, run, UsageError } from '../../scripts/shell.mts';

const NAME = 'step of a test';
const folder = at('target', 'step-test');
after(() => {
  for (const path of [folder, logFile(NAME), at('target', 'stamps', NAME)])
    rmSync(path, { recursive: true, force: true });
});

test('a step that fails names its log file and shows the last 20 lines', async () => {
  const step = {
    name: NAME,
    title: 'failing',
    isDone: () => false,
    work: () => run('sh', ['-c', 'seq 100; echo last >&2; exit 3']),
  };
  await assert.rejects(new Progress(1, Date.now()).perform([step]), (error: UsageError) => {
    assert.ok(error instanceof UsageError);
    const [sentence = '', ...lines] = error.message.split('\n');
    assert.match(sentence, /failed \(exit 3\)\. The last lines of target\/logs\/step-of-a-test\.log:$/);
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [20, '82', 'last']);
    return true;
  });
  assert.match(readFileSync(logFile(NAME), 'utf8'), /^1\n2\n/);
});

test('a step is repeated when an input changes or its output is missing, and only then', async () => {
  const input = `${folder}/input`;
  const output = `${folder}/output`;
  mkdirSync(dirname(input), { recursive: true });
  writeFileSync(input, 'a');
  const step = cached({
    name: NAME,
    title: 'copying',
    inputs: ['target/step-test/input'],
    output,
    work: () => writeFileSync(output, readFileSync(input)),
  });

  assert.equal(step.isDone(), false);
  await step.work();
  assert.equal(step.isDone(), true);
  writeFileSync(input, 'b');
  assert.equal(step.isDone(), false);
  await step.work();
  rmSync(output);
  assert.equal(step.isDone(), false);
});
