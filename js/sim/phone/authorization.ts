// Scopes: getSetting, authorize, openSetting, and the checks of every method that needs a scope (docs/platform-facts.md
// §1.4, §2); permissions of the operating system (§1.6).

import type { Assumptions, RefusalCheck } from '../assumptions.js';
import { type OsPermission, SCOPES, type ScopeRule } from '../scopes.js';
import { appConfig, type Device, type Manifest, type OsAnswer } from './device.js';
import { CallError, REASONS, type Reason, wantString } from './failures.js';
import { consent } from './privacy.js';
import { atLeast, SINCE_COUPLED_DIALOGS } from './versions.js';
import { api } from './wx-call.js';

/** Requirements of a method besides those of its scope. */
interface Requirements {
  /** Name of the method in `requiredPrivateInfos`. */
  privateInfo?: string;
  os?: OsPermission;
}

function checkManifest(scope: string, rule: ScopeRule, { privateInfo }: Requirements, manifest: Manifest): void {
  const { permission, requiredPrivateInfos, requiredBackgroundModes } = manifest;
  const names = privateInfo === undefined ? rule.privateInfos : [privateInfo];
  const undeclared = names && requiredPrivateInfos && !names.some((name) => requiredPrivateInfos.includes(name));
  const undescribed = rule.described && permission && !permission[scope];
  const noMode =
    scope === 'scope.userLocationBackground' &&
    requiredBackgroundModes &&
    !requiredBackgroundModes.includes('location');
  if (undeclared || noMode) throw new CallError(REASONS.manifest);
  if (undescribed) throw new CallError(REASONS.noScopeDescription);
}

/** Resolves when the method may run. Shows the scope's dialog if the user was never asked (§2.2). */
export async function permit(
  device: Device,
  method: string,
  scope: string,
  requirements: Requirements = {},
): Promise<void> {
  const rule = Object.hasOwn(SCOPES, scope) ? SCOPES[scope] : undefined;
  if (!rule) throw new CallError(REASONS.invalidScope);
  const { information } = rule;
  if (!information) return checkManifest(scope, rule, requirements, device.manifest);
  const granted = (await device.rpc('setting', device.identity)).authSetting[scope];
  const coupled = granted === undefined && atLeast(device.SDKVersion, SINCE_COUPLED_DIALOGS);
  let withPrivacy = false;
  const checks: Record<RefusalCheck, () => void | Promise<void>> = {
    manifest: () => checkManifest(scope, rule, requirements, device.manifest),
    // A scope that was refused before fails without a dialog.
    scope() {
      if (granted === false) throw new CallError(REASONS.authDeny);
    },
    async privacy() {
      withPrivacy = (await consent(device, method, information, coupled)) === 'ask-in-dialog';
    },
    os: () => (requirements.os ? permitByOs(device, requirements.os) : undefined),
  };
  const { refusal_order } = (await appConfig(device)).assume;
  const dialogAfter = refusal_order.filter((check) => check === 'scope' || check === 'privacy').at(-1);
  for (const check of refusal_order) {
    await checks[check]();
    if (check === dialogAfter && !granted) await askForScope(device, scope, withPrivacy);
  }
}

/** Shows the scope's dialog; with the privacy checkbox if `privacy` is true. */
async function askForScope(device: Device, scope: string, privacy: boolean): Promise<void> {
  const answer = await new Promise<boolean | undefined>((settle) =>
    device.prompt({
      kind: 'scope',
      scope,
      privacy,
      allow: () => settle(true),
      deny: () => settle(false),
      dismiss: () => settle(undefined),
    }),
  );
  if (answer === undefined) throw new CallError(DISMISSED[(await appConfig(device)).assume.dismissed_dialog]);
  await device.rpc('grant', { ...device.identity, grants: { [scope]: answer } });
  if (!answer) throw new CallError(REASONS.authDeny);
  if (privacy) await device.rpc('agreePrivacy', device.identity);
}

const DISMISSED: Record<Assumptions['dismissed_dialog'], Reason> = {
  'auth canceled': REASONS.dialogClosed,
  'authorize no response': REASONS.noResponse,
  'auth deny': REASONS.authDeny,
};

/** Asks for the operating system's permission if it was never asked for (§1.6). */
async function permitByOs(device: Device, permission: OsPermission): Promise<void> {
  if (device.os[permission] === 'not determined') {
    device.os[permission] = await new Promise<OsAnswer>((settle) =>
      device.prompt({ kind: 'os', permission, allow: () => settle('authorized'), deny: () => settle('denied') }),
    );
  }
  if (device.os[permission] === 'denied') throw new CallError(REASONS.osDenied);
}

/** Options of `wx.getSetting` (§1.4). */
export interface GetSettingOptions {
  /** Whether the result has `subscriptionsSetting`. */
  withSubscriptions?: boolean;
}

/** Result of `wx.getSetting` and `wx.openSetting` (§1.4). */
export interface AuthSetting {
  /** The user's answers by scope. A scope that was never requested is absent. */
  authSetting: Record<string, boolean>;
}

/** Options of `wx.authorize` (§1.4). */
export interface AuthorizeOptions {
  /** Such as `scope.record`. */
  scope: string;
}

/** Permissions of the operating system for WeChat, as `wx.getAppAuthorizeSetting` returns them (§1.6). */
export interface AppAuthorizeSetting {
  /** Album; iOS only. */
  albumAuthorized?: OsAnswer;
  /** Bluetooth; iOS, and Android from base library 3.5.0. */
  bluetoothAuthorized?: OsAnswer;
  /** Camera. */
  cameraAuthorized: OsAnswer;
  /** Location. */
  locationAuthorized: OsAnswer;
  /** Whether the location is approximate only: always false; iOS only. */
  locationReducedAccuracy?: boolean;
  /** Microphone. */
  microphoneAuthorized: OsAnswer;
  /** Notifications. */
  notificationAuthorized: OsAnswer;
  /** Alerts of notifications; iOS only. */
  notificationAlertAuthorized?: OsAnswer;
  /** Badges of notifications; iOS only. */
  notificationBadgeAuthorized?: OsAnswer;
  /** Sounds of notifications; iOS only. */
  notificationSoundAuthorized?: OsAnswer;
  /** Calendar. */
  phoneCalendarAuthorized: OsAnswer;
}

/** Switches of the phone, as `wx.getSystemSetting` returns them (§1.6). */
export interface SystemSetting {
  /** Whether location is on. */
  locationEnabled: boolean;
  /** Whether Bluetooth is on. */
  bluetoothEnabled: boolean;
  /** Whether Wi-Fi is on. */
  wifiEnabled: boolean;
  /** Always `portrait`. */
  deviceOrientation: 'portrait';
}

export function authorization(device: Device) {
  return {
    /** `wx.getSetting` (§1.4). Returns only scopes that were requested before, and those always granted (§2.1). */
    getSetting: api<GetSettingOptions, AuthSetting>(
      device,
      'getSetting',
      async ({ withSubscriptions }: GetSettingOptions, { rpc }) => {
        const { authSetting } = await rpc('setting', device.identity);
        return { authSetting, ...(withSubscriptions ? { subscriptionsSetting: { mainSwitch: true } } : {}) };
      },
      { operation: 'setting' },
    ),
    /** `wx.authorize` (§1.4). Shows a `scope` prompt if the user was never asked; fails if the scope is refused. */
    authorize: api<AuthorizeOptions, object>(device, 'authorize', async ({ scope }: AuthorizeOptions) => {
      wantString('scope', scope);
      await permit(device, 'authorize', scope);
      return {};
    }),
    /** `wx.openSetting` (§1.4). Needs a tap, and shows a `settings` prompt. */
    openSetting: api<object, AuthSetting>(device, 'openSetting', async (_, { tapped }) => {
      if (!tapped && atLeast(device.SDKVersion, '2.3.0')) throw new CallError(REASONS.noTap);
      return { authSetting: await settingsPage(device) };
    }),
    /** `wx.getAppAuthorizeSetting`. Reports `phone.os` (§1.6). */
    getAppAuthorizeSetting: () => appAuthorizeSetting(device),
    /** `wx.getSystemSetting`. Reports `phone.switches` (§1.6). */
    getSystemSetting: (): SystemSetting => ({
      locationEnabled: device.switches.location,
      bluetoothEnabled: device.switches.bluetooth,
      wifiEnabled: device.switches.wifi,
      deviceOrientation: 'portrait',
    }),
    /** `wx.openAppAuthorizeSetting`. The settings of the operating system have no page here; tests change `phone.os`. */
    openAppAuthorizeSetting: api<object, object>(device, 'openAppAuthorizeSetting', () => ({})),
  };
}

/** Shows the settings page of `wx.openSetting` and of the button. It lists only scopes that were requested before. */
export async function settingsPage(device: Device): Promise<Record<string, boolean>> {
  const { authSetting } = await device.rpc('setting', device.identity);
  const listed = Object.entries(authSetting).filter(([scope]) => SCOPES[scope]?.information);
  const grants = Object.fromEntries(listed);
  await new Promise<void>((close) =>
    device.prompt({
      kind: 'settings',
      grants: { ...grants },
      set(scope, granted) {
        if (Object.hasOwn(grants, scope)) grants[scope] = granted;
      },
      close,
    }),
  );
  await device.rpc('grant', { ...device.identity, grants });
  return { ...authSetting, ...grants };
}

function appAuthorizeSetting({ os, platform, SDKVersion }: Device): AppAuthorizeSetting {
  const ios = platform === 'ios';
  return {
    ...(ios ? { albumAuthorized: os.album } : {}),
    ...(ios || (platform === 'android' && atLeast(SDKVersion, '3.5.0')) ? { bluetoothAuthorized: os.bluetooth } : {}),
    cameraAuthorized: os.camera,
    locationAuthorized: os.location,
    ...(ios ? { locationReducedAccuracy: false } : {}),
    microphoneAuthorized: os.microphone,
    notificationAuthorized: os.notification,
    ...(ios
      ? {
          notificationAlertAuthorized: os.notification,
          notificationBadgeAuthorized: os.notification,
          notificationSoundAuthorized: os.notification,
        }
      : {}),
    phoneCalendarAuthorized: os.phoneCalendar,
  };
}
