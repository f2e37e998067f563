// The npm scripts: their usage texts, and the check of their arguments. Plain JavaScript, because `--help` and a
// mistake are answered before anything is installed.
import { parseArgs } from 'node:util';

/**
 * @typedef {object} Command
 * @property {string} does One line: the purpose.
 * @property {string} [usage] The arguments.
 * @property {string} [details] Further lines of the help text.
 * @property {import('node:util').ParseArgsConfig['options']} [options]
 * @property {number} [positionals] How many are allowed; none by default.
 * @property {true} [passOn] The arguments are those of another program.
 * @property {(values: Record<string, string | boolean>, positionals: string[]) => string | undefined} [mistake]
 *   Returns what is wrong with the values.
 */

const KEYS = ['signing', 'sealing', 'backend'];

/** Accepts a number of seconds above 0. */
const seconds = (text = '60') => (Number(text) > 0 ? undefined : `"${text}" is not a number of seconds above 0`);

/** @type {Record<string, Command>} */
export const commands = {
  start: {
    does: 'Builds, then runs the edge in workerd, the simulated WeChat and the playground.',
    details: 'Environment: PORT, WECHAT_PORT, STATE_DIR, ISSUER, WECHAT_APPS, WECHAT_API_BASE (README.md, "The edge").',
  },
  test: {
    does: 'Installs what the suites need, builds, and runs the suites.',
    usage: '[NAME …]',
    details: 'Runs the suites whose names begin with one of NAME, or all. `--list` prints each with its own command.',
    options: { list: { type: 'boolean' } },
    positionals: Infinity,
  },
  build: { does: 'Fills dist/ and prints the sizes.' },
  bench: {
    does: 'Measures speed beside other libraries (docs/performance.md).',
    usage: '[--json]',
    options: { json: { type: 'boolean' } },
  },
  races: {
    does: 'Runs eleven races beside other libraries (docs/races.md).',
    usage: '[--json]',
    options: { json: { type: 'boolean' } },
  },
  'kv-races': { does: 'Prints the table of simulated races on KV (docs/storage.md).' },
  load: {
    does: 'Loads the edge with mixed traffic over 200 connections and fails on an unexpected answer.',
    usage: '[SECONDS]',
    details: 'SECONDS is 60 unless given. `npm run load -- 1800` is a soak of half an hour.',
    positionals: 1,
    mistake: (_, [duration]) => seconds(duration),
  },
  fuzz: {
    does: 'Runs the targets of `cargo fuzz list`, beginning with the committed seeds.',
    usage: '[--seconds N] [TARGET …]',
    details: 'Each target for N seconds (60 unless given); all targets unless some are named.',
    options: { seconds: { type: 'string' } },
    positionals: Infinity,
    mistake: (values) => seconds(values.seconds),
  },
  mutants: {
    does: 'Runs cargo-mutants and prints the mutants that no test notices.',
    usage: '[core|edge] [ARGUMENTS OF CARGO-MUTANTS]',
    details:
      'core: src/wechat and src/machine; edge: src/edge. Both unless given. The report is target/mutants/…/mutants.out.\n' +
      'Example: npm run mutants -- core --file src/machine/clock.rs',
    passOn: true,
  },
  examples: { does: 'Builds each of examples/ with the packed npm package in it.' },
  'check:weapp': { does: 'Compiles the native example with the compiler of WeChat DevTools.' },
  serve: {
    does: 'Runs the edge alone in workerd, with its KV on disk (docs/deploy.md).',
    details:
      'Environment: PORT, STATE_DIR, ISSUER, WECHAT_APPS, SIGNING_KEYS, SEALING_KEYS, NAME_KEY, WECHAT_API_BASE.',
  },
  'deploy:check': {
    does: 'Checks the configuration of a deployment to Cloudflare, and packs it without deploying.',
    usage: '[--env NAME] [--config FILE]',
    options: { env: { type: 'string' }, config: { type: 'string' } },
  },
  keys: {
    does: "Makes the edge's keys, or one key.",
    usage: '[signing|sealing|backend]',
    details:
      'signing, sealing: a key to add to an existing set (docs/operations.md). backend: the secret of a backend.',
    positionals: 1,
    mistake: (_, [kind]) =>
      kind === undefined || KEYS.includes(kind) ? undefined : `there is no kind of key "${kind}"`,
  },
  docs: { does: 'Generates docs/errors.md and docs/openapi.json.' },
  advisories: { does: 'Looks the crates up in the RustSec advisory database (needs access to its host).' },
  format: { does: 'Formats Rust, TypeScript and JSON.' },
};

/** `npm test`, `npm start`, else `npm run NAME`. */
const spelled = (name) => (name === 'test' || name === 'start' ? `npm ${name}` : `npm run ${name}`);

/** Returns the help text of one command. */
export function help(name) {
  const { does, usage, details } = commands[name];
  const lines = [`${spelled(name)}${usage ? ` -- ${usage}` : ''}`, '', does, ...(details ? [details] : [])];
  return lines.join('\n');
}

/** Returns the help text over all commands. */
export function overview() {
  const width = Math.max(...Object.keys(commands).map((name) => spelled(name).length));
  const rows = Object.entries(commands).map(([name, { does }]) => `${spelled(name).padEnd(width)}  ${does}`);
  return [...rows, '', 'Each takes `-- --help`.'].join('\n');
}

/**
 * Checks the arguments of a command.
 * @returns {{ help: true } | { mistake: string } | { values: Record<string, string | boolean>, positionals: string[] }}
 */
export function parse(name, args) {
  const { options = {}, positionals: most = 0, passOn, mistake } = commands[name];
  if (args.includes('--help') || args.includes('-h')) return { help: true };
  if (passOn) return { values: {}, positionals: args };
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const extra = positionals[most];
    if (extra !== undefined) return { mistake: `unexpected argument "${extra}"` };
    const wrong = mistake?.(values, positionals);
    return wrong === undefined ? { values, positionals } : { mistake: wrong };
  } catch (error) {
    return { mistake: error.message.split(/[.\n]/)[0] };
  }
}
