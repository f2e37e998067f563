// Performs the effects that are one call of the platform, and reports each answer as an event.

import type { Effect } from 'wxauth-core';
import type { AuthOptions } from './auth.js';
import { grantNames, truncateAll, untruncated } from './bounds.js';
import type { Dispatch, FailureOf } from './events.js';
import { guardCall } from './guard.js';

export type PlatformEffect = Extract<
  Effect,
  {
    type: 'CallLogin' | 'CheckSession' | 'ReadSetting' | 'ReadPrivacy' | 'ReadSystem' | 'ShowPrivacy' | 'Authorize';
  }
>;

export function callPlatform(
  effect: PlatformEffect,
  { host, privacy }: AuthOptions,
  edge: string,
  appid: string,
  dispatch: Dispatch,
  failure: FailureOf,
): void {
  const { op } = effect;
  const checked = (alive: boolean) => dispatch('sessionChecked', op, !!alive);
  const failed =
    effect.type === 'CheckSession'
      ? () => checked(false)
      : failure(effect.type === 'CallLogin' ? 'loginFailed' : 'permissionFailed', op);
  guardCall(() => {
    switch (effect.type) {
      case 'CallLogin':
        return host.login(effect.timeout, (code) => dispatch('codeIssued', op, untruncated(code)), failed, edge, appid);
      case 'CheckSession':
        return host.checkSession(checked);
      case 'ReadSetting':
        return host.getSetting((setting) => dispatch('settingRead', op, ...grantNames(setting)), failed);
      case 'ReadPrivacy':
        return host.getPrivacySetting((needed) => dispatch('privacyRead', op, !!needed), failed);
      case 'ReadSystem':
        return host.readSystem((denied, off) => dispatch('systemRead', op, truncateAll(denied), truncateAll(off)));
      case 'Authorize':
        return host.authorize(effect.scope, () => dispatch('authorized', op), failed);
      case 'ShowPrivacy': {
        const answer = (agreed: boolean) => dispatch('privacyAnswered', op, agreed);
        if (typeof privacy !== 'function') return answer(false);
        Promise.resolve()
          .then(privacy)
          .then(
            (agreed) => answer(agreed === true),
            () => answer(false),
          );
      }
    }
  }, failed);
}
