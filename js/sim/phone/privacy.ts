// The privacy contract (docs/platform-facts.md §1.5): what must be agreed to before a call may touch what a person
// has; the program's own popup, and WeChat's with its ten quiet seconds.

import type { Setting } from '../wechat/permissions.js';
import { type Body, backend, note, type PrivacyListener } from './device.js';
import { Failure, REASONS } from './failures.js';
import { atLeast, SINCE_PRIVACY } from './versions.js';
import { callbackApi } from './wx-call.js';

const CONTRACT = '《小程序隐私保护指引》';
const QUIET_MS = 10_000;

const missing = ({ declared, agreed }: Setting): string[] =>
  declared === 'none' ? [] : declared.filter((type) => !agreed.includes(type));

/**
 * Resolves once this information may be touched. With `coupled`, the scope dialog that follows has the checkbox, so
 * that WeChat shows no popup of its own: then `ask-in-dialog`.
 */
export async function consent(
  body: Body,
  call: string,
  information: string,
  coupled = false,
): Promise<'agreed' | 'ask-in-dialog'> {
  const setting = await body.cloud('setting', body.who);
  const intercepts = atLeast(body.SDKVersion, SINCE_PRIVACY);
  if (intercepts || (await backend(body)).assume.old_libraries_check_declaration) {
    if (setting.declared === 'none') throw new Failure(REASONS.privacyBanned);
    if (!setting.declared.includes(information)) throw new Failure(REASONS.undeclared);
  }
  if (!intercepts || setting.agreed.includes(information)) return 'agreed';
  if (body.privacyListener && (await askedByProgram(body, call, body.privacyListener))) return 'agreed';
  if (coupled) return 'ask-in-dialog';
  await official(body);
  return 'agreed';
}

/** Whether the program's popup got consent; false where the listener does not react, so that WeChat's is shown. */
async function askedByProgram(body: Body, call: string, listener: PrivacyListener): Promise<boolean> {
  const { assume } = await backend(body);
  const answer = await new Promise<'agree' | 'disagree' | 'silent' | 'no-click'>((settle) => {
    const patience = body.clock.after(assume.privacy_listener_patience_s * 1000, () => settle('silent'));
    listener(
      ({ event, buttonId }) => {
        patience();
        if (event === 'disagree') settle('disagree');
        if (event !== 'agree') return;
        // The framework checks that this very button was tapped.
        if (buttonId !== undefined && body.tapped.has(buttonId)) return settle('agree');
        const text = `agree without a tap on button ${buttonId ?? '(no buttonId)'}`;
        note(body, 'onNeedPrivacyAuthorization', text);
        if (assume.privacy_agree_without_tap === 'fails') settle('no-click');
      },
      { referrer: call },
    );
  });
  if (answer === 'no-click') throw new Failure(REASONS.privacyNoClick, assume.privacy_errno);
  if (answer === 'disagree') throw new Failure(REASONS.privacyRefused, assume.privacy_errno);
  return answer === 'agree';
}

async function official(body: Body): Promise<void> {
  const { assume } = await backend(body);
  if (body.clock.now() - body.privacyRefusedAt < QUIET_MS) {
    throw new Failure(REASONS.privacyGap, assume.privacy_errno);
  }
  const agreed = await new Promise<boolean>((answer) =>
    body.prompt({ kind: 'privacy', contract: CONTRACT, allow: () => answer(true), deny: () => answer(false) }),
  );
  if (agreed) return void (await body.cloud('agreePrivacy', body.who));
  body.privacyRefusedAt = body.clock.now();
  throw new Failure(REASONS.privacyRefused, assume.privacy_errno);
}

export function privacy(body: Body) {
  return {
    getPrivacySetting: callbackApi<object, { needAuthorization: boolean; privacyContractName: string }>(
      body,
      'getPrivacySetting',
      async () => {
        const open = missing(await body.cloud('setting', body.who));
        return { needAuthorization: open.length > 0, privacyContractName: CONTRACT };
      },
    ),
    /** One listener; a later one takes its place. */
    onNeedPrivacyAuthorization(listener: PrivacyListener): void {
      body.privacyListener = listener;
    },
    requirePrivacyAuthorize: callbackApi<object, object>(body, 'requirePrivacyAuthorize', async () => {
      const [open] = missing(await body.cloud('setting', body.who));
      if (open) await consent(body, 'requirePrivacyAuthorize', open);
      return {};
    }),
    openPrivacyContract: callbackApi<object, object>(body, 'openPrivacyContract', () => ({})),
  };
}
