#!/usr/bin/env node
// `npx -p wxauth wxauth-sim`: the fake WeChat as a server, with its page.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startServer } from '../sim/server.js';
import { type Config, WeChat } from '../sim/wechat/index.js';

const USAGE = `wxauth-sim: a fake WeChat for tests and development

  npx -p wxauth wxauth-sim [options]

  --port N           where to listen; default 8788
  --host ADDRESS     default 127.0.0.1: it knows every secret and tells them
  --app APPID:SECRET an app; may be given several times
  --config FILE      JSON: {"apps": {"<appid>": {"secret": "…"}}, "seed", "now", "assume"}
  --seed N           of all codes and keys; default 1
  --now TIME         a virtual clock that starts then, such as 2026-01-01T00:00:00Z

Without an app there is wxa0b1c2d3e4f50617 with the secret 0123456789abcdef0123456789abcdef.
`;

const DEMO: Config = { apps: { wxa0b1c2d3e4f50617: { secret: '0123456789abcdef0123456789abcdef' } } };

function config(values: { app?: string[]; config?: string; seed?: string; now?: string }): Config {
  const given: Config = values.config ? JSON.parse(readFileSync(values.config, 'utf8')) : { apps: {} };
  const apps = Object.fromEntries(
    (values.app ?? []).map((app) => {
      const [appid, secret] = app.split(':');
      if (!appid || !secret) throw new Error(`--app wants APPID:SECRET, not "${app}"`);
      return [appid, { secret }];
    }),
  );
  const all = { ...given.apps, ...apps };
  const now = values.now === undefined ? given.now : Date.parse(values.now);
  const seed = values.seed === undefined ? given.seed : Number(values.seed);
  if (Number.isNaN(now)) throw new Error(`--now wants a time such as 2026-01-01T00:00:00Z, not "${values.now}"`);
  if (Number.isNaN(seed)) throw new Error(`--seed wants a number, not "${values.seed}"`);
  return {
    apps: Object.keys(all).length ? all : DEMO.apps,
    ...(seed === undefined ? {} : { seed }),
    ...(now === undefined ? {} : { now }),
    ...(given.assume ? { assume: given.assume } : {}),
  };
}

async function main(): Promise<void> {
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
  if (values.help) return void process.stdout.write(USAGE);
  const wechat = new WeChat(config(values));
  const { url, close } = await startServer(wechat, Number(values.port), values.host);
  console.log(`fake WeChat at ${url}`);
  console.log(`apps: ${wechat.world.appids().join(', ')}`);
  const stop = () => void close().then(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

main().catch((error: Error & { code?: string }) => {
  const taken = error.code === 'EADDRINUSE' ? ' (the port is taken: choose another with --port)' : '';
  console.error(`wxauth-sim: ${error.message}${taken}`);
  process.exit(1);
});
