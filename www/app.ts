// The playground: a phone on a web page. The client is the shipped web build, the edge is the one that serves this
// page, WeChat is the simulator. This file only draws.

import { type Auth, AuthError, createAuth, type Permission, type State, type TraceEntry, webHost } from 'wxauth/web';
import { createPhone, type Phone, type Prompt } from '../js/sim/phone/index.js';

const SCOPE = 'scope.userLocation';
const $ = (id: string) => document.getElementById(id) as HTMLElement;

const { wechat, appid }: { wechat: string; appid: string } = await (await fetch('playground.json')).json();
const user = new URLSearchParams(location.search).get('user') ?? 'mei';
const phone: Phone = createPhone({
  wechat,
  appid,
  user,
  onPrompt: showPrompt,
  storage: {
    get: (key) => localStorage.getItem(`${user}/${key}`) ?? undefined,
    set: (key, value) => localStorage.setItem(`${user}/${key}`, value),
    remove: (key) => localStorage.removeItem(`${user}/${key}`),
  },
});
const auth: Auth = createAuth({ edge: location.origin, host: webHost({ wx: phone.wx }), privacy: askPrivacy });

document.addEventListener('visibilitychange', () =>
  document.visibilityState === 'visible' ? phone.show() : phone.hide(),
);
auth.subscribe(drawState);
drawState(auth.state);
setInterval(drawTrace, 100);
$('user').textContent = `${user}`;

const actions: Record<string, () => Promise<void>> = {
  async requests() {
    const replies = await Promise.all(Array.from({ length: 5 }, () => auth.request({ url: '/healthz' })));
    say('requests', `${replies.filter((reply) => reply.statusCode === 200).length} of 5 answered`);
  },
  async location() {
    const permission = await auth.ensure(SCOPE);
    say('location', describe(permission));
    if (permission.type === 'needs-tap' && permission.tap === 'open-setting') showSettingsButton();
  },
  async profile() {
    // The call must be made in the tap's own call stack, so it comes before any await.
    const detail = await profileByTap();
    const reply = await auth.profile(detail);
    say('profile', reply.statusCode === 200 ? 'signed by WeChat' : `refused (${reply.statusCode})`);
  },
  async expire() {
    auth.expired(auth.state.generation);
    await auth.token();
  },
  async revoke() {
    const { token, generation } = await auth.token();
    const body = JSON.stringify({ token, client_id: appid });
    const reply = await fetch('/oauth/revoke', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    say('revoke', reply.ok ? 'revoked' : `refused (${reply.status})`);
    auth.expired(generation);
    await auth.token();
  },
  async logio() {
    await (auth.state.session === 'logged-in' ? auth.logout() : auth.login());
  },
};

for (const button of document.querySelectorAll<HTMLElement>('[data-action]')) {
  const action = button.dataset.action as string;
  button.addEventListener('click', () => {
    phone
      .tap(() => actions[action]?.() ?? Promise.resolve())
      .catch((error: unknown) => say(action, error instanceof AuthError ? error.code : String(error)));
  });
}

function profileByTap(): Promise<{ rawData: string; signature: string }> {
  return new Promise((resolve, reject) => {
    phone.wx.getUserProfile({
      desc: 'To greet you by name',
      success: resolve,
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });
}

function say(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}

function describe(permission: Permission): string {
  switch (permission.type) {
    case 'granted':
      return 'granted: 31.2304, 121.4737';
    case 'needs-tap':
      return permission.tap === 'open-setting' ? 'refused before' : 'contract not agreed';
    default:
      return permission.type;
  }
}

// --- what WeChat and the mini program put over the page

function sheet(title: string, text: string, ...rest: Node[]): void {
  const box = document.createElement('div');
  box.className = 'sheet';
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-label', title);
  const heading = Object.assign(document.createElement('h3'), { textContent: title });
  box.append(heading, Object.assign(document.createElement('p'), { textContent: text }), ...rest);
  $('prompt').replaceChildren(box);
  $('prompt').hidden = false;
  box.querySelector<HTMLElement>('input, .weui-btn_primary')?.focus();
}

function closeSheet(): void {
  $('prompt').hidden = true;
}

function buttons(...specs: Array<[label: string, primary: boolean, then: () => void]>): HTMLElement {
  const row = document.createElement('div');
  row.className = 'sheet__buttons';
  for (const [label, primary, then] of specs) {
    const button = Object.assign(document.createElement('button'), { textContent: label });
    button.className = `weui-btn ${primary ? 'weui-btn_primary' : 'weui-btn_default'}`;
    button.addEventListener('click', () => {
      closeSheet();
      then();
    });
    row.append(button);
  }
  return row;
}

function showPrompt(prompt: Prompt): void {
  if (prompt.kind === 'scope') {
    const choice = buttons(['Deny', false, prompt.deny], ['Allow', true, prompt.allow]);
    return sheet('Corner Shop asks for your location', 'Your location is used to find the nearest shop.', choice);
  }
  const rows = Object.entries(prompt.grants).map(([scope, granted]) => {
    const label = document.createElement('label');
    const box = Object.assign(document.createElement('input'), {
      type: 'checkbox',
      checked: granted,
      className: 'weui-switch',
    });
    box.addEventListener('change', () => prompt.set(scope, box.checked));
    label.append(scope.replace('scope.', ''), box);
    return label;
  });
  sheet('Settings', 'What Corner Shop may use.', ...rows, buttons(['Back', true, prompt.close]));
}

function askPrivacy(): Promise<boolean> {
  return new Promise((answer) => {
    const agree = () => void phone.agreePrivacy().then(() => answer(true));
    const choice = buttons(['Not now', false, () => answer(false)], ['Agree', true, agree]);
    sheet(
      'Privacy',
      'Corner Shop keeps to its privacy guideline. Please read and agree before it uses your location.',
      choice,
    );
  });
}

function showSettingsButton(): void {
  const open = () => void phone.tap(() => auth.openSetting()).then(() => actions.location?.());
  sheet(
    'Location is off',
    'You refused it before; only the settings can turn it on.',
    buttons(['Not now', false, () => {}], ['Open settings', true, open]),
  );
}

// --- what happens inside

function drawState(state: State): void {
  const words: Record<State['session'], string> = {
    starting: 'Starting…',
    guest: 'Guest: look around',
    'logging-in': 'Logging in…',
    'logged-in': 'Logged in, silently',
    'logged-out': 'Logged out',
  };
  say('session', words[state.session]);
  $('session').dataset.session = state.session;
  say('greeting', state.session === 'logged-in' ? `Welcome, ${user}` : 'Welcome');
  say('logio', state.session === 'logged-in' ? 'Log out' : 'Log in');
  const scopes = state.scopes
    .map(({ scope, granted }) => `${scope.replace('scope.', '')} ${granted ? '✓' : '✗'}`)
    .join(', ');
  const rows = {
    session: state.session,
    generation: state.generation,
    storage: state.degraded ? 'memory only' : 'ok',
    scopes: scopes || 'never asked',
  };
  $('state').replaceChildren(
    ...Object.entries(rows).flatMap(([name, value]) => [
      Object.assign(document.createElement('dt'), { textContent: name }),
      Object.assign(document.createElement('dd'), { textContent: String(value) }),
    ]),
  );
}

let drawn: TraceEntry | undefined;

function drawTrace(): void {
  const entries = auth.trace();
  if (entries.at(-1) === drawn) return;
  drawn = entries.at(-1);
  $('trace').replaceChildren(
    ...entries.reverse().map(({ at, kind, name, id }) => {
      const line = document.createElement('li');
      const time = Object.assign(document.createElement('time'), {
        textContent: new Date(at).toISOString().slice(11, 23),
      });
      const what = Object.assign(document.createElement('span'), { textContent: name, className: kind });
      const about = Object.assign(document.createElement('span'), {
        textContent: id === null ? '' : `#${id}`,
        className: 'id',
      });
      line.append(time, what, about);
      return line;
    }),
  );
}
