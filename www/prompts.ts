// Dialogs over the phone's page: of WeChat, of the phone's system and of the mini program.

import type { Prompt } from '../js/sim/phone/prompts.js';
import { byId, make } from './dom.js';
import { text } from './text.js';

type Choice = [label: string, primary: boolean, then: () => void];

let opener: Element | null = null;

export function showSheet(title: string, why: string, choices: Choice[], ...rest: Node[]): void {
  const buttons = choices.map(([label, primary, then]) => {
    const button = make('button', { type: 'button', textContent: label });
    button.className = `weui-btn ${primary ? 'weui-btn_primary' : 'weui-btn_default'}`;
    button.addEventListener('click', () => {
      closeSheet();
      then();
    });
    return button;
  });
  const row = make('div', { className: 'sheet__buttons' }, ...buttons);
  const heading = make('h3', { textContent: title });
  const box = make('div', { className: 'sheet' }, heading, make('p', { textContent: why }), ...rest, row);
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-modal', 'true');
  box.setAttribute('aria-label', title);
  if (byId('prompt').hidden) opener = document.activeElement;
  byId('prompt').replaceChildren(box);
  byId('prompt').hidden = false;
  // The page under a dialog takes no taps and no keyboard focus.
  byId('page').inert = true;
  box.querySelector<HTMLElement>('input, .weui-btn_primary')?.focus();
}

function closeSheet(): void {
  byId('prompt').hidden = true;
  byId('page').inert = false;
  if (opener instanceof HTMLElement) opener.focus();
}

const QUESTIONS = {
  profile: [text.askProfile, text.askProfileWhy],
  'phone-number': [text.askPhone, text.askPhoneWhy],
  privacy: [text.askPrivacy, text.askPrivacyWhy],
} as const;

export function showPrompt(prompt: Prompt): void {
  switch (prompt.kind) {
    case 'settings':
      return showSettings(prompt);
    case 'avatar':
      return showSheet(text.askAvatar, text.askAvatarWhy, [
        [text.cancel, false, () => prompt.cancel()],
        [text.choose, true, () => prompt.choose()],
      ]);
    case 'modal': {
      const cancel: Choice[] = prompt.cancelText ? [[prompt.cancelText, false, () => prompt.cancel()]] : [];
      return showSheet(prompt.title, prompt.content, [...cancel, [prompt.confirmText, true, () => prompt.confirm()]]);
    }
    case 'action-sheet': {
      const items = prompt.items.map((item, index): Choice => [item, false, () => prompt.pick(index)]);
      return showSheet('', '', [...items, [text.cancel, false, () => prompt.cancel()]]);
    }
    case 'scope':
      return ask(text.askScope(prompt.scope.replace('scope.', '')), text.askScopeWhy, prompt);
    case 'os':
      return ask(text.askOs(prompt.permission), text.askOsWhy, prompt);
    default: {
      const [title, why] = QUESTIONS[prompt.kind];
      return ask(title, why, prompt);
    }
  }
}

const ask = (title: string, why: string, { allow, deny }: { allow(): void; deny(): void }): void =>
  showSheet(title, why, [
    [text.deny, false, deny],
    [text.allow, true, allow],
  ]);

function showSettings(prompt: Extract<Prompt, { kind: 'settings' }>): void {
  const switches = Object.entries(prompt.grants).map(([scope, granted]) => {
    const box = make('input', { type: 'checkbox', checked: granted, className: 'weui-switch' });
    box.addEventListener('change', () => prompt.set(scope, box.checked));
    return make('label', {}, scope.replace('scope.', ''), box);
  });
  showSheet(text.settings, text.settingsWhy, [[text.back, true, () => prompt.close()]], ...switches);
}
