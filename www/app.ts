// The playground: a simulated phone on a web page, with the published web build of the client, the edge that serves this
// page, and the simulated WeChat. This file is the mini program on the phone.

import { type Auth, AuthError, createAuth, type Permission, type State, webHost } from 'wxauth/web';
import { createPhone, type Phone } from '../js/sim/phone/index.js';
import { platform, SDKVersion, startControls, user } from './controls.js';
import { byId, say } from './dom.js';
import { drawMachine, layOutMachine } from './machine.js';
import { showPrompt, showSheet } from './prompts.js';
import { text, translatePage } from './text.js';
import { startTimeline } from './timeline.js';
import { watchWorld } from './world.js';

const SCOPE = 'scope.userLocation';

translatePage();
const { wechat, appid }: { wechat: string; appid: string } = await (await fetch('playground.json')).json();
/** Key in localStorage of an entry of this user's phone. */
const keyOf = (key: string) => `${user}/${key}`;
const phone: Phone = createPhone({
  wechat,
  appid,
  user,
  platform,
  SDKVersion,
  onPrompt: showPrompt,
  storage: {
    get: (key) => localStorage.getItem(keyOf(key)) ?? undefined,
    set: (key, value) => localStorage.setItem(keyOf(key), value),
    remove: (key) => localStorage.removeItem(keyOf(key)),
    keys: () =>
      Object.keys(localStorage).flatMap((key) => (key.startsWith(keyOf('')) ? [key.slice(keyOf('').length)] : [])),
  },
});
const auth: Auth = createAuth({ edge: location.origin, host: webHost({ wx: phone.wx }), privacy: askPrivacy });

document.addEventListener('visibilitychange', () =>
  document.visibilityState === 'visible' ? phone.show() : phone.hide(),
);
say('user', user);
startControls(wechat);
layOutMachine();
auth.subscribe(drawShop);
drawShop(auth.state);
drawMachine(auth.state);
startTimeline(() => auth.trace(), drawMachine);
watchWorld(wechat, appid, user);

const actions: Record<string, () => Promise<void>> = {
  async requests() {
    const replies = await Promise.all(Array.from({ length: 5 }, () => auth.request({ url: '/account' })));
    say('requests', text.answered(replies.filter((reply) => reply.statusCode === 200).length, 5));
  },
  async location() {
    const permission = await auth.ensure(SCOPE);
    say('location', describe(permission));
    if (permission.type === 'needs-tap' && permission.tap === 'open-setting') showSettingsButton();
  },
  async profile() {
    // Before any await: WeChat allows this call in the tap's own call stack only.
    await auth.getUserProfile({ desc: text.askProfileWhy });
    say('profile', text.signed);
  },
  async expire() {
    auth.expired(auth.state.generation);
    await auth.token();
  },
  async revoke() {
    const { token } = await auth.token();
    const body = JSON.stringify({ token, client_id: appid });
    const reply = await fetch('/oauth/revoke', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    // The client learns of it from the 401 of the next request.
    say('revoke', reply.ok ? text.revoked : text.refused(reply.status));
  },
  async logio() {
    await (auth.state.session === 'logged-in' ? auth.logout() : auth.login());
  },
};

for (const button of document.querySelectorAll<HTMLElement>('[data-action]')) {
  const action = button.dataset.action as string;
  const output = document.getElementById(action) ? action : 'revoke';
  button.addEventListener('click', () => {
    phone
      .tap(() => actions[action]?.() ?? Promise.resolve())
      .catch((error: unknown) => say(output, error instanceof AuthError ? error.code : String(error)));
  });
}

function describe(permission: Permission): string {
  switch (permission.type) {
    case 'granted':
      return `${text.granted}: 31.2304, 121.4737`;
    case 'needs-tap':
      return permission.tap === 'open-setting' ? text.refusedBefore : text.contractNotAgreed;
    default:
      return permission.type;
  }
}

function askPrivacy(): Promise<boolean> {
  return new Promise((answer) => {
    const agree = () => void phone.press('agreePrivacyAuthorization', { id: 'agree' }).then(() => answer(true));
    showSheet(text.askPrivacy, text.askPrivacyWhy, [
      [text.notNow, false, () => answer(false)],
      [text.agree, true, agree],
    ]);
  });
}

function showSettingsButton(): void {
  const open = () => void phone.tap(() => auth.openSetting()).then(() => actions.location?.());
  showSheet(text.locationOff, text.locationOffWhy, [
    [text.notNow, false, () => {}],
    [text.openSettings, true, open],
  ]);
}

function drawShop({ session }: State): void {
  say('session', text[session]);
  byId('session').dataset.session = session;
  say('greeting', session === 'logged-in' ? text.welcomeUser(user) : text.welcome);
  say('logio', session === 'logged-in' ? text.logout : text.login);
}
