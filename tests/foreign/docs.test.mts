// Runs every example of docs/simulator.md and docs/simulator.zh-CN.md with its own test runner, in a project with wxauth.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { ROUTES } from '../../js/sim/api/routes.js';
import { ASSUMED } from '../../js/sim/assumptions.js';
import { find } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { CHROMIUM_FLAGS } from '../browser/flags.mts';
import { freePort } from '../harness.mts';

const DOCUMENTS = ['docs/simulator.md', 'docs/simulator.zh-CN.md'];
const read = (document: string): string => readFileSync(at(document), 'utf8');
const blocks = (document: string, kind: 'file' | 'run'): Map<string, string> => {
  const pattern = new RegExp(`<!-- ${kind}: (\\S+) -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``, 'g');
  return new Map([...read(document).matchAll(pattern)].map(([, name, body]) => [name as string, body as string]));
};

const projects: string[] = [];
after(() => {
  for (const project of projects) rmSync(project, { recursive: true });
});

/** A project with the files of the document and wxauth, vitest and jest. */
function project(document: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wxauth-docs-'));
  projects.push(folder);
  for (const [name, body] of blocks(document, 'file')) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), body);
  }
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(join(folder, 'jest/package.json'), '{"type": "commonjs"}');
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(at('.'), join(folder, 'node_modules/wxauth'));
  for (const name of ['vitest', 'jest']) {
    symlinkSync(at('tests/foreign/node_modules', name), join(folder, 'node_modules', name));
    symlinkSync(at('tests/foreign/node_modules/.bin', name), join(folder, 'node_modules/.bin', name));
  }
  symlinkSync(at('dist/sim/cli.mjs'), join(folder, 'node_modules/.bin/wxauth-sim'));
  return folder;
}

/** Runs commands like CI: processes in the background end with them. */
function shell(folder: string, commands: string): Promise<string> {
  const options = { cwd: folder, detached: true, timeout: 300_000 };
  const child = spawn('bash', ['-ec', commands], options);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) =>
    child.on('exit', (status) => {
      try {
        process.kill(-(child.pid as number), 'SIGTERM');
      } catch {
        // No process was left.
      }
      child.on('close', () => (status === 0 ? resolve(output) : reject(new Error(`exit ${status}\n${output}`))));
    }),
  );
}

for (const document of DOCUMENTS) {
  const run = blocks(document, 'run');

  test(`${document}: the vitest example passes`, async () => {
    assert.match(await shell(project(document), run.get('vitest') as string), /4 passed/);
  });

  test(`${document}: the jest example passes`, async () => {
    assert.match(await shell(project(document), run.get('jest') as string), /3 passed/);
  });

  test(`${document}: the CI example logs a user in`, async () => {
    const port = String(await freePort());
    const commands = (run.get('ci') as string)
      .replaceAll('8788', port)
      .replace('npx -p wxauth wxauth-sim', `npx -p wxauth wxauth-sim --port ${port}`);
    const output = await shell(project(document), commands);
    assert.match(output, /"session_key":"[^"]{24,}","openid":"o[\w-]{27}"/);
  });

  test(`${document}: the page works in Chromium`, async () => {
    const folder = project(document);
    const types: Record<string, string> = { '.html': 'text/html', '.mjs': 'text/javascript' };
    const server = createServer((request, response) => {
      const path = request.url === '/' ? '/index.html' : (request.url as string);
      if (!types[extname(path)]) return void response.writeHead(404).end();
      response.setHeader('content-type', types[extname(path)] ?? 'text/plain');
      response.end(readFileSync(join(folder, path)));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const browser = await chromium.launch({ executablePath: find('Chromium'), args: CHROMIUM_FLAGS });
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void dialog.accept();
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.click('body');
    await page.waitForFunction("document.querySelector('#greeting').textContent === '微信用户'");
    assert.deepEqual(asked, ['profile?']);
    await browser.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test(`${document} names every switch with its default, every path and every control`, () => {
    const text = read(document);
    for (const [name, value] of Object.entries(ASSUMED)) {
      assert.ok(text.includes(`| \`${name}\` | \`${JSON.stringify(value) ?? 'undefined'}\` |`), name);
    }
    for (const path of Object.keys(ROUTES)) assert.ok(text.includes(`\`${path}\``), path);
    const controls = readFileSync(at('js/sim/api/control.ts'), 'utf8').matchAll(/'((?:GET|POST) [\w-]+)'/g);
    for (const [, name] of controls) assert.match(text, new RegExp(`\\| \`${name}[\`?]`), name);
    const fault = readFileSync(at('js/sim/faults.ts'), 'utf8').match(/interface Fault \{[\s\S]*?\n\}/)?.[0] ?? '';
    for (const [, name] of fault.matchAll(/^ {2}(\w+)\??:/gm)) assert.ok(text.includes(`\`${name}\``), name);
  });
}

test('both languages have the same sections, examples and tables', () => {
  const shape = (document: string) =>
    [...read(document).matchAll(/^(#+) |^```(\w+)|^<!-- (.*) -->|^(\|)/gm)].map(([, ...groups]) =>
      groups.find(Boolean),
    );
  const [english, chinese] = DOCUMENTS as [string, string];
  assert.deepEqual(shape(chinese), shape(english));
});
