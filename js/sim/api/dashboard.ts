// The page at `/`: users, codes, keys, tokens, faults and the log. It renews itself once a second.

import type { WeChat } from '../wechat/index.js';
import { Html, html, page } from './html.js';

const MAX_CODES = 50;
const MAX_LOG_ENTRIES = 200;

const dateTime = (ms: number): string => new Date(ms).toISOString();
const time = (ms: number): string => dateTime(ms).slice(11, 19);

function table(id: string, title: string, columns: string[], rows: string[][]): Html {
  const head = columns.map((column) => html`<th scope="col">${column}</th>`);
  const body = rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`);
  return html`<h2>${title}</h2><table><thead><tr>${head}</tr></thead><tbody id="${id}">${body}</tbody></table>`;
}

/**
 * Runs in the browser: its source text is part of the page. It must not use anything from outside, nor name a function
 * inside, because compilers add helpers for names.
 */
function renew(): void {
  setInterval(
    () =>
      fetch('/')
        .then((response) => response.text())
        .then((text) => new DOMParser().parseFromString(text, 'text/html').querySelector('main'))
        .then((main) => main && document.querySelector('main')?.replaceWith(main))
        .catch(() => {}),
    1000,
  );
}

/** Returns the page. */
export function dashboard(wechat: WeChat): Response {
  const { now, apps, codes, faults } = wechat.state();
  const perApp = Object.entries(apps);
  const users = perApp.flatMap(([appid, app]) =>
    Object.entries(app.users).map(([user, { openid, sessionKey = '', grants }]) => [
      user,
      appid,
      openid,
      sessionKey,
      JSON.stringify(grants),
    ]),
  );
  const newestCodes = Object.entries(codes).reverse().slice(0, MAX_CODES);
  const codeRows = newestCodes.map(([code, { kind, user, used, expires }]) => [
    code,
    kind,
    user,
    used ? 'used' : expires <= now ? 'expired' : `until ${time(expires)}`,
  ]);
  const tokens = perApp.flatMap(([appid, app]) => app.tokens.map((token) => [`${token.slice(0, 24)}…`, appid]));
  const entries = wechat.world.log.after(0).slice(-MAX_LOG_ENTRIES).reverse();
  const log = entries.map(({ at, source, name, text }) => [time(at), source, name, text]);
  const content = html`<main>
<p>A simulated WeChat. ${dateTime(now)} · <a href="/_sim/state">state as JSON</a></p>
${table('people', 'Users', ['user', 'app', 'openid', 'session_key', 'grants'], users)}
${table('codes', 'Codes', ['code', 'kind', 'user', 'state'], codeRows)}
${table('tokens', 'Access tokens', ['token', 'app'], tokens)}
${table(
  'faults',
  'Faults',
  ['fault'],
  faults.map((fault) => [JSON.stringify(fault)]),
)}
${table('log', 'Log', ['time', 'source', 'call', 'outcome'], log)}
</main><script type="module">${new Html(`(${renew})()`)}</script>`;
  return page('wxauth-sim', content);
}
