// The privacy contract (docs/platform-facts.md §1.5): consent that a method needs before it may use personal
// information; the mini program's own popup, and WeChat's, which stays away for 10 s after a refusal.

import type { Setting } from '../wechat/permissions.js';
import { appConfig, type Device, logCall, type PrivacyListener } from './device.js';
import { CallError, REASONS } from './failures.js';
import { atLeast, SINCE_PRIVACY } from './versions.js';
import { callbackApi } from './wx-call.js';

const CONTRACT = '《小程序隐私保护指引》';
/** Time after a refusal in which WeChat's popup is not shown again. */
const POPUP_GAP_MS = 10_000;

const missing = ({ declared, agreed }: Setting): string[] =>
  declared === 'none' ? [] : declared.filter((type) => !agreed.includes(type));

/**
 * Resolves when the method may use this information. With `coupled`, the scope dialog that follows carries the
 * checkbox: the result is then `ask-in-dialog`, and WeChat shows no popup of its own.
 */
export async function consent(
  device: Device,
  method: string,
  information: string,
  coupled = false,
): Promise<'agreed' | 'ask-in-dialog'> {
  const setting = await device.rpc('setting', device.identity);
  const intercepts = atLeast(device.SDKVersion, SINCE_PRIVACY);
  if (intercepts || (await appConfig(device)).assume.old_libraries_check_declaration) {
    if (setting.declared === 'none') throw new CallError(REASONS.privacyBanned);
    if (!setting.declared.includes(information)) throw new CallError(REASONS.undeclared);
  }
  if (!intercepts || setting.agreed.includes(information)) return 'agreed';
  if (device.privacyListener && (await askByListener(device, method, device.privacyListener))) return 'agreed';
  if (coupled) return 'ask-in-dialog';
  await askByWeChat(device);
  return 'agreed';
}

/** Whether the mini program's popup got consent; false if the listener does not react, and WeChat's popup follows. */
async function askByListener(device: Device, method: string, listener: PrivacyListener): Promise<boolean> {
  const { assume } = await appConfig(device);
  const answer = await new Promise<'agree' | 'disagree' | 'silent' | 'no-click'>((settle) => {
    const stopTimer = device.clock.after(assume.privacy_listener_patience_s * 1000, () => settle('silent'));
    listener(
      ({ event, buttonId }) => {
        stopTimer();
        if (event === 'disagree') settle('disagree');
        if (event !== 'agree') return;
        // The framework checks that the button with this id was tapped.
        if (buttonId !== undefined && device.tappedButtons.has(buttonId)) return settle('agree');
        const text = `agree without a tap on button ${buttonId ?? '(no buttonId)'}`;
        logCall(device, 'onNeedPrivacyAuthorization', text);
        if (assume.privacy_agree_without_tap === 'fails') settle('no-click');
      },
      { referrer: method },
    );
  });
  if (answer === 'no-click') throw new CallError(REASONS.privacyNoClick, assume.privacy_errno);
  if (answer === 'disagree') throw new CallError(REASONS.privacyRefused, assume.privacy_errno);
  return answer === 'agree';
}

async function askByWeChat(device: Device): Promise<void> {
  const { assume } = await appConfig(device);
  if (device.clock.now() - device.privacyRefusedAt < POPUP_GAP_MS) {
    throw new CallError(REASONS.privacyGap, assume.privacy_errno);
  }
  const agreed = await new Promise<boolean>((answer) =>
    device.prompt({ kind: 'privacy', contract: CONTRACT, allow: () => answer(true), deny: () => answer(false) }),
  );
  if (agreed) return void (await device.rpc('agreePrivacy', device.identity));
  device.privacyRefusedAt = device.clock.now();
  throw new CallError(REASONS.privacyRefused, assume.privacy_errno);
}

/** Result of `wx.getPrivacySetting` (§1.5). */
export interface PrivacySetting {
  /** Whether a declared information type lacks the user's consent. */
  needAuthorization: boolean;
  /** Name of the privacy guideline. */
  privacyContractName: string;
}

export function privacy(device: Device) {
  return {
    /** `wx.getPrivacySetting` (§1.5). */
    getPrivacySetting: callbackApi<object, PrivacySetting>(
      device,
      'getPrivacySetting',
      async (_, { rpc }) => {
        const needAuthorization = missing(await rpc('setting', device.identity)).length > 0;
        return { needAuthorization, privacyContractName: CONTRACT };
      },
      { operation: 'setting' },
    ),
    /** `wx.onNeedPrivacyAuthorization` (§1.5). Registers the listener; a later one replaces it. */
    onNeedPrivacyAuthorization(listener: PrivacyListener): void {
      device.privacyListener = listener;
    },
    /** `wx.requirePrivacyAuthorize` (§1.5). Succeeds when the user has agreed to the privacy contract. */
    requirePrivacyAuthorize: callbackApi<object, object>(device, 'requirePrivacyAuthorize', async () => {
      const [information] = missing(await device.rpc('setting', device.identity));
      if (information) await consent(device, 'requirePrivacyAuthorize', information);
      return {};
    }),
    /** `wx.openPrivacyContract` (§1.5). Succeeds; the page is not simulated. */
    openPrivacyContract: callbackApi<object, object>(device, 'openPrivacyContract', () => ({})),
  };
}
