#!/usr/bin/env node
// The command `wxauth-sim` (`npx -p wxauth wxauth-sim`): the simulator as an HTTP server, with its dashboard at `/`.
// Exit status: 2 on wrong usage, 1 on failure.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startServer } from '../sim/http-server.js';
import { type Config, WeChat } from '../sim/wechat/index.js';

const USAGE = `wxauth-sim: a simulated WeChat for tests and development

  npx -p wxauth wxauth-sim [options]

  --port N           port to listen on; default 8788, 0: any free port
  --host ADDRESS     address to listen on; default 127.0.0.1. Every client that
                     reaches it can read session keys, codes and tokens
  --app APPID:SECRET an app; may be repeated
  --config FILE      JSON: {"apps": {"<appid>": {"secret": "…"}}, "seed", "now", "assume"}
  --seed N           seed of all codes and keys, an integer; default 1
  --now TIME         start of a virtual clock, such as 2026-01-01T00:00:00Z
  -h, --help         show this text

Default app: wxa0b1c2d3e4f50617 with the secret 0123456789abcdef0123456789abcdef.
`;

const DEFAULT_APPS: Config['apps'] = { wxa0b1c2d3e4f50617: { secret: '0123456789abcdef0123456789abcdef' } };
const MAX_PORT = 65_535;

/** The command was called in a wrong way: exit status 2. */
class UsageError extends Error {}

interface Options {
  port: number;
  host: string;
  config: Config;
}

function integer(option: string, text: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new UsageError(`${option} must be an integer from 0 to ${max}, not "${text}"`);
  return value;
}

function appFrom(text: string): [appid: string, app: { secret: string }] {
  const [appid, secret] = text.split(':');
  if (!appid || !secret) throw new UsageError(`--app must be APPID:SECRET, not "${text}"`);
  return [appid, { secret }];
}

function timeFrom(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new UsageError(`--now must be a time such as 2026-01-01T00:00:00Z, not "${text}"`);
  return time;
}

function configFrom(file: string): Partial<Config> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`cannot read the configuration ${file}: ${(error as Error).message}`);
  }
}

/** Returns the options of the command line; `undefined` if it asks for help. */
function parse(): Options | undefined {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8788' },
      host: { type: 'string', default: '127.0.0.1' },
      app: { type: 'string', multiple: true },
      config: { type: 'string' },
      seed: { type: 'string' },
      now: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const config = values.config === undefined ? {} : configFrom(values.config);
  const apps = { ...config.apps, ...Object.fromEntries((values.app ?? []).map(appFrom)) };
  return {
    port: integer('--port', values.port, MAX_PORT),
    host: values.host,
    config: {
      ...config,
      apps: Object.keys(apps).length ? apps : DEFAULT_APPS,
      ...(values.seed === undefined ? {} : { seed: integer('--seed', values.seed) }),
      ...(values.now === undefined ? {} : { now: timeFrom(values.now) }),
    },
  };
}

async function main(): Promise<void> {
  const options = parse();
  if (!options) return void process.stdout.write(USAGE);
  const wechat = new WeChat(options.config);
  const { url, close } = await startServer(wechat, options.port, options.host);
  console.log(`fake WeChat at ${url}`);
  console.log(`apps: ${wechat.world.appids().join(', ')}`);
  const stop = () => void close().then(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

main().catch((error: Error & { code?: string }) => {
  const wrongUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
  // The messages of parseArgs have more sentences, with advice.
  const [message] = wrongUsage ? error.message.split(/\. |\n/) : [error.message];
  const advice = wrongUsage
    ? '; see --help'
    : error.code === 'EADDRINUSE'
      ? ' (the port is in use; choose another one with --port)'
      : '';
  console.error(`wxauth-sim: ${message}${advice}`);
  process.exit(wrongUsage ? 2 : 1);
});
