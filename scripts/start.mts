// `npm start`: runs the edge in workerd with its KV on disk, the simulated WeChat, and the playground on the edge's
// origin. The README lists the variables.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../js/sim/http-server.js';
import { WeChat } from '../js/sim/wechat/index.js';
import { makeKeys } from './keys.mts';
import { mustBeFree, port } from './ports.mts';
import { refusalOf } from './serve.mts';
import { at, UsageError } from './shell.mts';
import { openState } from './state.mts';
import { superviseEdge } from './supervise.mts';

/** The secret of the demonstration apps: a mini program, an official account and a website. */
const SECRET = '0123456789abcdef0123456789abcdef';
const demoApps = (origin: string) => ({
  wxa0b1c2d3e4f50617: { secret: SECRET },
  wx0ff1c1a100000000: { secret: SECRET, kind: 'official_account', redirect_uris: [`${origin}/site?as=official`] },
  wx517e000000000000: { secret: SECRET, kind: 'website', redirect_uris: [`${origin}/site?as=website`] },
});

/** The keys in STATE_DIR, made once: new keys would end every session. */
function keysIn(stateDir: string): Record<string, string> {
  const file = join(stateDir, 'keys.json');
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(makeKeys(), null, 2), { mode: 0o600 });
  chmodSync(file, 0o600);
  return JSON.parse(readFileSync(file, 'utf8'));
}

export async function start(): Promise<void> {
  const edgePort = port('PORT', 8787);
  const wechatPort = port('WECHAT_PORT', 8788);
  await mustBeFree('PORT', edgePort);
  const stateDir = await openState(process.env.STATE_DIR ?? at('.state'));

  const origin = `http://127.0.0.1:${edgePort}`;

  const names = Object.keys(process.env).filter((name) => name.startsWith('WECHAT_APPS'));
  const apps = names.length
    ? Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']))
    : { WECHAT_APPS: JSON.stringify(demoApps(origin)) };

  await mustBeFree('WECHAT_PORT', wechatPort);
  const issuer = process.env.ISSUER ?? origin;
  // At WeChat the edge's host is registered; an app's own `redirect_uris` are the pages that the edge redirects to. All
  // apps belong to one Open Platform account, so a user has the same unionid in each.
  const registration = { redirect_uris: [issuer], unionid: true };
  const simulated = Object.entries(appsOf(apps)).map(([appid, app]) => [appid, { ...app, ...registration }]);
  const wechat = new WeChat({ apps: Object.fromEntries(simulated) });
  const simulator = await startServer(wechat, wechatPort);
  // With configured apps the edge talks to the real WeChat, unless WECHAT_API_BASE is set.
  const wechatApi = process.env.WECHAT_API_BASE ?? (names.length ? undefined : simulator.url);
  writeFileSync(
    at('dist/www/playground.json'),
    JSON.stringify({ wechat: simulator.url, appid: Object.keys(appsOf(apps))[0] }),
  );

  const lines: string[] = [];
  const { stop } = await superviseEdge({
    port: edgePort,
    kvPersist: join(stateDir, 'kv'),
    assets: at('dist/www'),
    log(line) {
      console.log(line);
      if (lines.length < 10) lines.push(line);
      // The playground shows the edge's log beside WeChat's.
      wechat.world.log.add('edge', 'log', line);
    },
    bindings: {
      ISSUER: issuer,
      ...(wechatApi === undefined ? {} : { WECHAT_API_BASE: wechatApi }),
      ...apps,
      ...keysIn(stateDir),
    },
  });
  const refusal = await refusalOf(origin, lines);
  if (refusal) {
    await stop();
    throw new UsageError(refusal);
  }
  console.log(`fake WeChat  ${simulator.url}/`);
  console.log(`edge         ${origin}/.well-known/oauth-authorization-server`);
  console.log(`playground   ${origin}/`);
  console.log(`web logins   ${origin}/site`);
  console.log(`ready ${origin}`);
}

/** Every app of the configuration: the simulator has the same ones. */
function appsOf(variables: Record<string, string>): Record<string, { secret: string }> {
  try {
    return Object.assign({}, ...Object.values(variables).map((json) => JSON.parse(json)));
  } catch {
    throw new UsageError('WECHAT_APPS must be JSON: {"<appid>": {"secret": "…"}}');
  }
}
