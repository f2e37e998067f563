// Installs what is missing, with pinned versions, into .tools (git ignores it). Each step says what it does and
// is skipped when done.
import { existsSync, readFileSync } from 'node:fs';
import { at, capture, onceFor, run, Sorry, tool, tools } from './shell.mts';

const RUST = '1.95';

/** Build tools: little optimised, since they run seconds and compile minutes. One target folder for all. */
const LIGHT = {
  CARGO_TARGET_DIR: `${tools}/target`,
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_STRIP: 'true',
  RUSTFLAGS: '',
};

function rust(): void {
  const version = capture('rustc', ['--version'])?.match(/^rustc (\d+\.\d+)/)?.[1];
  if (!version) throw new Sorry(`Rust is missing; install Rust ${RUST} with rustup (https://rustup.rs).`);
  if (Number(version.split('.')[1]) < Number(RUST.split('.')[1])) {
    throw new Sorry(`Rust ${version} is too old; \`rustup update\` brings ${RUST} or newer.`);
  }
  const sysroot = capture('rustc', ['--print', 'sysroot']);
  if (existsSync(`${sysroot}/lib/rustlib/wasm32-unknown-unknown`)) return;
  console.log('[setup] rustup target add wasm32-unknown-unknown');
  run('rustup', ['target', 'add', 'wasm32-unknown-unknown']);
}

/** The lock file's wasm-bindgen: command and library must be of one version. */
function wasmBindgenVersion(): string {
  const version = readFileSync(at('Cargo.lock'), 'utf8').match(/name = "wasm-bindgen"\nversion = "([^"]+)"/)?.[1];
  if (!version) throw new Sorry('Cargo.lock names no wasm-bindgen');
  return version;
}

function cargoTool(crate: string, binary: string, version: string): void {
  if (capture(tool(binary), ['--version'])?.includes(version)) return;
  console.log(`[setup] cargo install ${crate} ${version} (compiles for a minute or two)`);
  const install = ['install', '--quiet', '--root', tools, `${crate}@${version}`];
  try {
    run('cargo', [...install, '--locked'], { env: LIGHT });
  } catch {
    // A registry mirror may not have every version of the tool's own lock file yet.
    console.log(`[setup] ${crate}: its lock file could not be used; resolving anew`);
    run('cargo', install, { env: LIGHT });
  }
}

/** What building needs. */
export function setupBuild(): void {
  rust();
  cargoTool('wasm-bindgen-cli', 'wasm-bindgen', wasmBindgenVersion());
  cargoTool('worker-build', 'worker-build', '0.8.7');
}

/** What fuzzing needs. */
export function setupFuzz(): void {
  rust();
  cargoTool('cargo-fuzz', 'cargo-fuzz', '0.13.2');
}

/** A Python of our own, with the Python SDKs that the simulator is tried with. */
export const python = (): string => `${tools}/python/bin/python`;

function foreignSdks(): Promise<void> {
  const folder = 'tests/foreign';
  const inputs = [`${folder}/requirements.txt`, `${folder}/package-lock.json`];
  return onceFor('SDKs of others (pip, npm; about 350 MB)', inputs, at(folder, 'node_modules'), () => {
    run('python3', ['-m', 'venv', '--clear', `${tools}/python`]);
    run(python(), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '-r',
      at(folder, 'requirements.txt'),
    ]);
    run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', at(folder)]);
  });
}

/** What wxauth is measured beside. */
export function setupBench(): Promise<void> {
  return onceFor('libraries to compare with (npm)', ['bench/package-lock.json'], at('bench', 'node_modules'), () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', at('bench')]),
  );
}

/** WeChat's own compiler and component runtime, and bundlers. */
export function setupPackaging(): Promise<void> {
  const folder = 'tests/packaging';
  const inputs = [`${folder}/package-lock.json`];
  return onceFor('WeChat’s compiler and bundlers (npm; about 360 MB)', inputs, at(folder, 'node_modules'), () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', at(folder)]),
  );
}

interface Program {
  name: string;
  /** Where Debian puts it, and where else it may be. */
  paths: string[];
  debian: string;
  /** Whether what was found will do. */
  works?: () => boolean;
}

const onPath = (program: string): string[] => capture('sh', ['-c', `command -v ${program}`])?.split('\n') ?? [];

const PROGRAMS: Program[] = [
  {
    name: 'Chromium',
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    debian: 'chromium',
  },
  { name: 'ChromeDriver', paths: ['/usr/bin/chromedriver', '/usr/local/bin/chromedriver'], debian: 'chromium-driver' },
  {
    name: 'JavaScriptCore (jsc)',
    paths: ['/usr/bin/jsc', '/System/Library/Frameworks/JavaScriptCore.framework/Versions/Current/Helpers/jsc'],
    debian: 'libjavascriptcoregtk-4.0-bin',
  },
  {
    name: 'Python with venv',
    paths: ['/usr/bin/python3', '/usr/local/bin/python3', ...onPath('python3')],
    debian: 'python3-venv',
    works: () => capture('python3', ['-c', 'import ensurepip, venv']) !== undefined,
  },
  // Programs that the recipes of docs/verify.md, docs/deploy.md and docs/operations.md use.
  { name: 'nginx', paths: ['/usr/sbin/nginx', ...onPath('nginx')], debian: 'nginx-light' },
  { name: 'jq', paths: ['/usr/bin/jq', ...onPath('jq')], debian: 'jq' },
];

/** Where a program is; a sentence when it is nowhere. */
export function find(name: string): string {
  const program = PROGRAMS.find((program) => program.name.startsWith(name));
  const path = program?.paths.find((path) => existsSync(path));
  if (!path) throw new Sorry(`${name} is missing; install it, for example Debian's package ${program?.debian}.`);
  return path;
}

/** What testing needs beyond that: wasm-pack, a browser with its driver, an iPhone's engine, SDKs of others. */
export async function setupTest(): Promise<void> {
  setupBuild();
  cargoTool('wasm-pack', 'wasm-pack', '0.15.1');
  programs();
  await foreignSdks();
  await setupPackaging();
}

function programs(): void {
  const missing = PROGRAMS.filter(
    ({ paths, works = () => true }) => !paths.some((path) => existsSync(path)) || !works(),
  );
  if (missing.length === 0) return;
  const packages = missing.map(({ debian }) => debian);
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Sorry(
      `${missing.map(({ name }) => name).join(', ')} missing. On Debian: sudo apt-get install ${packages.join(' ')}`,
    );
  }
  console.log(`[setup] apt-get install ${packages.join(' ')}`);
  // RUNLEVEL: nginx is not to be started as a service.
  const apt = { env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } };
  run('apt-get', ['update', '-qq'], apt);
  // Noto CJK: the playground is looked at in Chinese too.
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages, 'fonts-noto-cjk'], apt);
}
