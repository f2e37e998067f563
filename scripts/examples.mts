// `npm run examples`: builds a copy of each example with its own tools and the packed npm package in it.
// Their dependencies are not locked: an example has to build with the versions that its users get today.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkWeapp, packInto } from './check-weapp.mts';
import { at, run, UsageError } from './shell.mts';

interface Example {
  folder: string;
  /** The commands, each with a file that it writes and a word of wxauth that the file has to contain. */
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
      // npm refuses the peer dependencies that Taro and uni-app declare.
      const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps', '--loglevel=error'];
      run('npm', ['install', '--install-links', ...quiet], { cwd });
      for (const { build, has } of builds) {
        console.log(`[examples] ${folder}: ${build.join(' ')}`);
        run('npx', ['--no-install', ...build], { cwd });
        const [file, word] = has;
        const output = join(cwd, file);
        if (!existsSync(output) || !readFileSync(output, 'utf8').includes(word))
          throw new UsageError(`${folder}: ${file} does not contain "${word}".`);
      }
      console.log(`[examples] ${folder}: built`);
    }
    for (const line of await checkWeapp()) console.log(`[examples] native: ${line}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
