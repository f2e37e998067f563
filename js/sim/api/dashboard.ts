// The page at `/`: people, codes, keys, tokens, and the log, live. It reads the control API and nothing else.

import { page } from './html.js';

// Written as text since it runs in the browser; everything it shows is put in as text, never as HTML.
const SCRIPT = `
  const $ = (id) => document.getElementById(id);
  const fill = (id, rows) => $(id).replaceChildren(...rows.map((cells) => {
    const row = document.createElement('tr');
    row.append(...cells.map((cell) => Object.assign(document.createElement('td'), { textContent: cell ?? '' })));
    return row;
  }));
  const time = (ms) => new Date(ms).toISOString().slice(11, 19);
  let last = 0;
  async function look() {
    const state = await (await fetch('/_sim/state')).json();
    $('now').textContent = new Date(state.now).toISOString();
    const apps = Object.entries(state.apps);
    fill('people', apps.flatMap(([appid, { users }]) => Object.entries(users).map(([user, one]) =>
      [user, appid, one.openid, one.sessionKey, JSON.stringify(one.grants)])));
    fill('codes', Object.entries(state.codes).reverse().slice(0, 50).map(([code, one]) =>
      [code, one.kind, one.user, one.used ? 'used' : one.expires <= state.now ? 'expired' : 'until ' + time(one.expires)]));
    fill('tokens', apps.flatMap(([appid, { tokens }]) => tokens.map((token) => [token.slice(0, 24) + '…', appid])));
    fill('faults', state.faults.map((fault) => [JSON.stringify(fault)]));
    const entries = await (await fetch('/_sim/log?after=' + last)).json();
    for (const { n, at, source, name, text } of entries) {
      last = n;
      const row = document.createElement('tr');
      row.append(...[time(at), source, name, text].map((cell) => Object.assign(document.createElement('td'), { textContent: cell })));
      $('log').prepend(row);
      while ($('log').childElementCount > 200) $('log').lastElementChild.remove();
    }
  }
  const again = () => look().catch(() => {}).finally(() => setTimeout(again, 1000));
  again();
`;

const table = (id: string, title: string, columns: string[]): string =>
  `<h2>${title}</h2><table><thead><tr>${columns.map((column) => `<th scope="col">${column}</th>`).join('')}</tr></thead><tbody id="${id}"></tbody></table>`;

export function dashboard(): Response {
  const tables = [
    table('people', 'Users', ['user', 'app', 'openid', 'session_key', 'grants']),
    table('codes', 'Codes', ['code', 'kind', 'user', 'state']),
    table('tokens', 'Access tokens', ['token', 'app']),
    table('faults', 'Faults', ['rule']),
    table('log', 'Log', ['time', 'who', 'call', 'outcome']),
  ];
  const intro = '<p>A fake WeChat. <span id="now"></span> · <a href="/_sim/state">state as JSON</a></p>';
  return page('wxauth-sim', `${intro}${tables.join('')}<script type="module">${SCRIPT}</script>`);
}
