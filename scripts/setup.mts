// Installs what is missing, with pinned versions: compiled tools and Python packages into .tools, npm packages beside
// their package.json, programs of the system by Debian's package manager. Each step is skipped when it is done.
import { existsSync, readFileSync } from 'node:fs';
import { cached, rustVersion, type Step } from './progress.mts';
import { at, capture, run, tool, tools, UsageError } from './shell.mts';

/** Build tools run for seconds and compile for minutes: hardly optimised, and in one target folder. */
const LIGHT = {
  CARGO_TARGET_DIR: `${tools}/target`,
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_STRIP: 'true',
  RUSTFLAGS: '',
};

/** The compiler of rust-toolchain.toml, with its components and targets. */
export function setupRust(): Step[] {
  return [
    {
      name: 'rust',
      title: 'installing Rust as rust-toolchain.toml says',
      isDone: () => rustVersion() !== undefined && hasWasmTarget(),
      work: installRust,
    },
  ];
}

function hasWasmTarget(): boolean {
  const sysroot = capture('rustc', ['--print', 'sysroot']);
  return existsSync(`${sysroot}/lib/rustlib/wasm32-unknown-unknown`);
}

function installRust(): void {
  if (!capture('rustup', ['--version'])) {
    if (!rustVersion()) throw new UsageError('Rust is missing; install rustup (https://rustup.rs).');
    throw new UsageError(
      'The target wasm32-unknown-unknown is missing; install rustup (https://rustup.rs), which adds it.',
    );
  }
  const pinned = /^channel = "(.+)"$/m.exec(readFileSync(at('rust-toolchain.toml'), 'utf8'))?.[1];
  const stable = { RUSTUP_TOOLCHAIN: 'stable', RUSTUP_AUTO_INSTALL: '0' };
  // The same version under another name needs no download.
  if (!rustVersion() && capture('rustc', ['--version'], { env: stable })?.startsWith(`rustc ${pinned} `)) {
    process.env.RUSTUP_TOOLCHAIN = 'stable';
  }
  if (rustVersion()) run('rustup', ['target', 'add', 'wasm32-unknown-unknown']);
  else run('rustup', ['toolchain', 'install']);
}

/** The version of a crate in Cargo.lock: `registry+https://…#wasm-bindgen@0.2.130`. */
function lockedVersion(crate: string): string {
  const version = capture('cargo', ['pkgid', '--locked', crate])?.split(/[@#]/).at(-1);
  if (!version) throw new UsageError(`Cargo.lock has no crate ${crate}.`);
  return version;
}

/** A tool from crates.io. `version` may ask cargo, so it is called only when Rust is installed. */
function cargoTool(crate: string, binary: string, version: () => string, subcommand: string[] = []): Step {
  return {
    name: crate,
    title: () => `compiling ${crate} ${version()}`,
    isDone: () => capture(tool(binary), [...subcommand, '--version'])?.includes(version()) ?? false,
    work() {
      const install = ['install', '--root', tools, `${crate}@${version()}`];
      try {
        run('cargo', [...install, '--locked'], { env: LIGHT });
      } catch {
        // A registry mirror may lack a version that the tool's own lock file names.
        run('cargo', install, { env: LIGHT });
      }
    },
  };
}

/** Needed to build. The commands have to be of the version of their library. */
export function setupBuild(): Step[] {
  return [
    ...setupRust(),
    cargoTool('wasm-bindgen-cli', 'wasm-bindgen', () => lockedVersion('wasm-bindgen')),
    cargoTool('worker-build', 'worker-build', () => lockedVersion('worker')),
  ];
}

export const setupFuzz = (): Step[] => [...setupRust(), cargoTool('cargo-fuzz', 'cargo-fuzz', () => '0.13.2')];
export const setupMutants = (): Step[] => [
  ...setupRust(),
  cargoTool('cargo-mutants', 'cargo-mutants', () => '27.1.0', ['mutants']),
];
export const setupDeny = (): Step[] => [...setupRust(), cargoTool('cargo-deny', 'cargo-deny', () => '0.20.2')];
export const setupWasmPack = (): Step[] => [...setupBuild(), cargoTool('wasm-pack', 'wasm-pack', () => '0.15.1')];

function npmPackages(name: string, title: string, folder: string, more: string[] = []): Step {
  return cached({
    name,
    title: `installing ${title}`,
    inputs: [`${folder}/package-lock.json`],
    output: at(folder, 'node_modules'),
    work: () => run('npm', ['ci', '--no-audit', '--no-fund', ...more, '--prefix', at(folder)]),
  });
}

/** The Python of the tests, with the Python SDKs that the simulator and the edge are tried with. */
export const python = (): string => `${tools}/python/bin/python`;

/** SDKs and OAuth clients of others. */
export function setupForeign(): Step[] {
  const requirements = 'tests/foreign/requirements.txt';
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', at(requirements)];
  return [
    ...setupPrograms(['Python']),
    cached({
      name: 'Python packages',
      title: 'installing SDKs of others (PyPI)',
      inputs: [requirements],
      output: python(),
      work() {
        run('python3', ['-m', 'venv', '--clear', `${tools}/python`]);
        run(python(), pip);
      },
    }),
    npmPackages('SDKs of others', 'SDKs of others (npm)', 'tests/foreign'),
  ];
}

/** Libraries that the benchmarks compare with. */
export const setupBench = (): Step[] => [
  npmPackages('libraries to compare with', 'libraries to compare with (npm)', 'bench'),
];

/** WeChat's own compiler and component runtime, and bundlers. */
export const setupPackaging = (): Step[] => [
  npmPackages('compilers and bundlers', 'WeChat’s compiler and bundlers (npm, 360 MB)', 'tests/packaging', [
    '--ignore-scripts',
  ]),
];

interface Program {
  name: string;
  paths: string[];
  debian: string[];
  /** Whether a program at one of the paths is enough. */
  works?: () => boolean;
}

const onPath = (program: string): string[] => capture('sh', ['-c', `command -v ${program}`])?.split('\n') ?? [];

const PROGRAMS: Program[] = [
  {
    name: 'Chromium',
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    // The playground is tested in Chinese, too.
    debian: ['chromium', 'fonts-noto-cjk'],
  },
  {
    name: 'ChromeDriver',
    paths: ['/usr/bin/chromedriver', '/usr/local/bin/chromedriver'],
    debian: ['chromium-driver'],
  },
  {
    name: 'JavaScriptCore (jsc)',
    paths: ['/usr/bin/jsc', '/System/Library/Frameworks/JavaScriptCore.framework/Versions/Current/Helpers/jsc'],
    debian: ['libjavascriptcoregtk-4.0-bin'],
  },
  {
    name: 'Python with venv',
    paths: ['/usr/bin/python3', '/usr/local/bin/python3', ...onPath('python3')],
    debian: ['python3-venv'],
    works: () => capture('python3', ['-c', 'import ensurepip, venv']) !== undefined,
  },
  // The recipes of docs/verify.md, docs/deploy.md and docs/operations.md use these two.
  { name: 'nginx', paths: ['/usr/sbin/nginx', ...onPath('nginx')], debian: ['nginx-light'] },
  { name: 'jq', paths: ['/usr/bin/jq', ...onPath('jq')], debian: ['jq'] },
];

/** Where a program is, or where Debian would put it. */
export function locate(name: string): string {
  const { paths } = PROGRAMS.find((program) => program.name.startsWith(name)) as Program;
  return paths.find((path) => existsSync(path)) ?? (paths[0] as string);
}

/** Returns the path of a program of the system. */
export function find(name: string): string {
  const program = PROGRAMS.find((program) => program.name.startsWith(name));
  const path = program?.paths.find((path) => existsSync(path));
  if (!path) throw new UsageError(`${name} is missing; on Debian, install ${program?.debian.join(' ')}.`);
  return path;
}

const missing = (names: string[]): Program[] =>
  PROGRAMS.filter(({ name }) => names.some((word) => name.startsWith(word))).filter(
    ({ paths, works = () => true }) => !paths.some((path) => existsSync(path)) || !works(),
  );

/** Programs of the system. As root on Debian they are installed; elsewhere one sentence names the packages. */
export function setupPrograms(names: string[]): Step[] {
  const packages = () => missing(names).flatMap(({ debian }) => debian);
  return [
    {
      name: `Debian packages ${names[0]}`,
      title: () => `looking for ${names.join(', ')}; on Debian as root: apt-get install ${packages().join(' ')}`,
      isDone: () => missing(names).length === 0,
      work() {
        const wanted = missing(names).map(({ name }) => name);
        if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
          throw new UsageError(`${wanted.join(', ')} missing. On Debian: sudo apt-get install ${packages().join(' ')}`);
        }
        // RUNLEVEL 1 keeps the package of nginx from starting it as a service.
        const apt = { env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } };
        const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages()];
        run('apt-get', ['update', '-qq'], apt);
        run('apt-get', install, apt);
      },
    },
  ];
}
