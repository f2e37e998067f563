// The user, platform and base library, kept in the page's address, and the simulator's faults. A new choice reloads the page.

import type { Fault } from '../js/sim/faults.js';
import type { Platform } from '../js/sim/phone/failures.js';
import { byId, make, say } from './dom.js';
import { language, text } from './text.js';

const USERS = ['mei', 'li', 'wang'];
const PLATFORMS: Platform[] = ['devtools', 'ios', 'android'];
/** A current one; without the checkbox in dialogs; without the privacy calls; without errno (docs/platform-facts.md §1). */
const LIBRARIES = ['3.8.0', '3.0.0', '2.32.2', '2.20.0'];

const parameters = new URLSearchParams(location.search);
const chosen = <Value extends string>(name: string, values: Value[]): Value => {
  const given = parameters.get(name) as Value | null;
  return given && (name === 'user' || values.includes(given)) ? given : (values[0] as Value);
};

export const user = chosen('user', USERS);
export const platform = chosen('platform', PLATFORMS);
export const SDKVersion = chosen('library', LIBRARIES);

function choice(id: string, name: string, values: string[], current: string): void {
  const select = byId<HTMLSelectElement>(id);
  const known = values.includes(current) ? values : [...values, current];
  select.replaceChildren(...known.map((value) => make('option', { value, textContent: value })));
  select.value = current;
  select.addEventListener('change', () => {
    parameters.set(name, select.value);
    location.search = parameters.toString();
  });
}

const FULL = { errMsg: 'setStorage:fail exceed storage max size 10Mb' };
const OFFLINE = {
  errMsg: 'request:fail errcode:-106 cronet_error_code:-106 error_msg:net::ERR_INTERNET_DISCONNECTED',
  errno: 600001,
};
const FAULTS: Array<[label: string, fault: Fault]> = [
  [text.faultLogin, { call: 'wx.login', fail: { errMsg: 'login:fail timeout', errno: 5 } }],
  [text.faultLoginHangs, { call: 'wx.login', hang: true }],
  [text.faultBusy, { call: 'jscode2session', times: 1, errcode: -1 }],
  [text.faultBlocked, { call: 'jscode2session', errcode: 40226 }],
  [text.faultQuota, { call: 'jscode2session', times: 1, errcode: 45011 }],
  [text.faultHtml, { call: 'jscode2session', times: 1, http: { status: 502, body: '<html>' } }],
  [text.faultLost, { call: 'jscode2session', times: 1, after_work: true, drop: true }],
  [text.faultSlow, { call: 'jscode2session', delay_ms: 3_000 }],
  [text.faultStorage, { call: 'wx.setStorage', fail: FULL }],
  [text.faultNetwork, { call: 'wx.request', times: 2, fail: OFFLINE }],
];

export function startControls(wechat: string): void {
  choice('users', 'user', USERS, user);
  choice('platforms', 'platform', PLATFORMS, platform);
  choice('libraries', 'library', LIBRARIES, SDKVersion);
  choice('languages', 'lang', ['en', 'zh'], language);

  const faults = byId<HTMLSelectElement>('faults');
  faults.replaceChildren(
    ...FAULTS.map(([label], index) => make('option', { value: String(index), textContent: label })),
  );
  const change = async (body: object) => {
    const response = await fetch(`${wechat}/_sim/faults`, { method: 'POST', body: JSON.stringify(body) });
    const { faults } = (await response.json()) as { faults: Fault[] };
    const names = faults.map((fault) => FAULTS.find(([, one]) => same(one, fault))?.[0] ?? fault.call);
    say('broken', names.length ? text.broken(names.join('; ')) : text.nothingBroken);
    byId<HTMLButtonElement>('mend').disabled = names.length === 0;
  };
  byId('break').addEventListener('click', () => void change(FAULTS[Number(faults.value)]?.[1] ?? {}));
  byId('mend').addEventListener('click', () => void change({ clear: true }));
  void change({});
}

const same = (one: Fault, other: Fault): boolean => JSON.stringify(one) === JSON.stringify(other);
