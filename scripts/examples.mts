// `npm run examples`: each example with the packed npm package in it, built by its own tools in a folder of its own.
// What npm resolves is not locked here: these are recipes, and have to build with what their users get.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkWeapp, packInto } from './check-weapp.mts';
import { at, run, UsageError } from './shell.mts';

interface Example {
  folder: string;
  /** Each with a file of the result, and a word of wxauth's that has to be in it: the core, as wasm or as JavaScript. */
  builds: Array<{ build: string[]; has: [file: string, word: string] }>;
}

const EXAMPLES: Example[] = [
  { folder: 'h5', builds: [{ build: ['vite', 'build'], has: ['dist/index.html', 'assets/'] }] },
  {
    folder: 'taro',
    builds: [{ build: ['taro', 'build', '--type', 'weapp'], has: ['dist/vendors.js', 'core_launched'] }],
  },
  {
    folder: 'uni-app',
    builds: [
      { build: ['uni', 'build', '-p', 'mp-weixin'], has: ['dist/build/mp-weixin/common/vendor.js', 'core_launched'] },
      { build: ['uni', 'build'], has: ['dist/build/h5/index.html', 'assets/'] },
    ],
  },
];

export async function examples(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'wxauth-examples-'));
  try {
    packInto(join(work, 'packed'));
    for (const { folder, builds } of EXAMPLES) {
      const cwd = join(work, folder);
      cpSync(at('examples', folder), cwd, { recursive: true });
      const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
      manifest.dependencies.wxauth = 'file:../packed/package';
      writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest));
      console.log(`[examples] ${folder}: npm install`);
      // Taro and uni-app name peers that npm takes for conflicts.
      const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps', '--loglevel=error'];
      run('npm', ['install', '--install-links', ...quiet], { cwd });
      for (const { build, has } of builds) {
        console.log(`[examples] ${folder}: ${build.join(' ')}`);
        run('npx', ['--no-install', ...build], { cwd });
        const [file, word] = has;
        const made = join(cwd, file);
        if (!existsSync(made) || !readFileSync(made, 'utf8').includes(word))
          throw new UsageError(`${folder}: no ${word} in ${file}`);
      }
      console.log(`[examples] ${folder}: built`);
    }
    for (const line of await checkWeapp()) console.log(`[examples] native: ${line}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
