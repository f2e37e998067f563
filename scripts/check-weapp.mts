// `npm run check:weapp`: compiles the native example, with the packed npm package in it, by WeChat's own compiler (npm
// miniprogram-ci, offline). Every shipped file is compiled with `es6` off, on, and with `enhance` and `minified`.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, run, UsageError } from './shell.mts';

interface Compiled {
  error?: { msg: string };
  code?: string;
}

/** The used part of miniprogram-ci, whose own types need packages that are not installed. */
interface Ci {
  packNpmManually(options: object): Promise<{ miniProgramPackNum: number; warnList: unknown[] }>;
}

interface Relation {
  packageJsonPath: string;
  miniprogramNpmDistDir: string;
}

export const packaging = at('tests', 'packaging');
const require = createRequire(join(packaging, 'package.json'));

/** Packs the npm package and unpacks it to `folder`/package. */
export function packInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  run('tar', ['-xzf', join(folder, tarball as string), '-C', folder]);
}

export async function checkWeapp(): Promise<string[]> {
  const ci = require('miniprogram-ci') as Ci;
  // The compiler runs this task in its workers, once per file.
  const compile = require('miniprogram-ci/dist/modules/corecompiler/original/workerThread/task/compilejs.js') as (
    task: object,
  ) => Promise<Compiled>;
  const work = mkdtempSync(join(tmpdir(), 'wxauth-weapp-'));
  const lines: string[] = [];
  try {
    cpSync(at('examples/native'), work, { recursive: true });
    packInto(join(work, 'packed'));
    cpSync(join(work, 'packed/package'), join(work, 'node_modules/wxauth'), { recursive: true });
    const { setting } = JSON.parse(readFileSync(join(work, 'project.config.json'), 'utf8'));
    const shipped = readdirSync(at('dist/weapp')).filter((file) => !file.endsWith('.d.ts'));
    for (const { packageJsonPath, miniprogramNpmDistDir } of setting.packNpmRelationList as Relation[]) {
      const { miniProgramPackNum, warnList } = await ci.packNpmManually({
        packageJsonPath: join(work, packageJsonPath),
        miniprogramNpmDistDir: join(work, miniprogramNpmDistDir),
      });
      const packed = readdirSync(join(work, miniprogramNpmDistDir, 'miniprogram_npm/wxauth'));
      const missing = shipped.filter((file) => !packed.includes(file));
      if (miniProgramPackNum !== 1 || warnList.length > 0 || missing.length > 0) {
        throw new UsageError(
          `构建 npm: warnings ${JSON.stringify(warnList)}, missing files: ${missing.join(', ') || 'none'}`,
        );
      }
      lines.push(`构建 npm: ${miniprogramNpmDistDir}miniprogram_npm/wxauth: ${packed.sort().join(', ')}`);
    }
    const scripts = readdirSync(join(work, 'miniprogram'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.js'),
    );
    for (const transpiling of [{ es6: false }, { es6: true }, { es6: true, enhance: true, minified: true }]) {
      for (const filePath of scripts) {
        const code = readFileSync(join(work, 'miniprogram', filePath));
        const { error, code: compiled } = await compile({
          code,
          filePath,
          projectPath: work,
          root: 'miniprogram',
          setting: transpiling,
        });
        if (error || !compiled)
          throw new UsageError(`${filePath} with ${JSON.stringify(transpiling)}: ${error?.msg ?? 'no code'}`);
      }
      lines.push(`compiled ${scripts.length} files with ${JSON.stringify(transpiling)}`);
    }
    return lines;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
