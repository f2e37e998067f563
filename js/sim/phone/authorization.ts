// Scopes: getSetting, authorize, openSetting, and the location calls that need one (docs/platform-facts.md §1.4, §2);
// and what the operating system lets WeChat do (§1.6).

import type { Assumptions, RefusalCheck } from '../assumptions.js';
import type { Information } from '../wechat/permissions.js';
import { type Body, backend, type Manifest, type OsAnswer, type OsPermission } from './device.js';
import { Failure, REASONS, type Reason, wantString } from './failures.js';
import { consent } from './privacy.js';
import { atLeast, SINCE_COUPLED_DIALOGS } from './versions.js';
import { api, callbackApi } from './wx-call.js';

interface ScopeRule {
  /** What of the privacy contract it is (§2.3). */
  information?: Information;
  /** One of these must be in requiredPrivateInfos (§2.3). */
  privateInfos?: string[];
  /** app.json's `permission` must describe it (§2.3). */
  described?: true;
  os?: OsPermission;
}

const LOCATION: ScopeRule = { information: 'location', described: true, os: 'location' };
/** §2.1; those without information need no dialog. */
const SCOPES: Record<string, ScopeRule> = {
  'scope.userLocation': {
    ...LOCATION,
    privateInfos: ['getLocation', 'startLocationUpdate', 'onLocationChange', 'chooseLocation'],
  },
  'scope.userFuzzyLocation': { ...LOCATION, privateInfos: ['getFuzzyLocation'] },
  'scope.userLocationBackground': { ...LOCATION, privateInfos: ['startLocationUpdateBackground'] },
  'scope.record': { information: 'microphone', os: 'microphone' },
  'scope.camera': { information: 'camera', os: 'camera' },
  'scope.bluetooth': { information: 'bluetooth', os: 'bluetooth' },
  'scope.writePhotosAlbum': { information: 'album', os: 'album' },
  'scope.addPhoneContact': { information: 'contacts' },
  'scope.addPhoneCalendar': { information: 'calendar', os: 'phoneCalendar' },
  'scope.werun': { information: 'werun' },
  'scope.address': {},
  'scope.invoiceTitle': {},
  'scope.invoice': {},
  'scope.userInfo': {},
};

/** What a call needs besides its scope. */
interface Needs {
  /** Its name in requiredPrivateInfos. */
  info?: string;
  os?: OsPermission;
}

function checkManifest(scope: string, rule: ScopeRule, { info }: Needs, manifest: Manifest): void {
  const { permission, requiredPrivateInfos, requiredBackgroundModes } = manifest;
  const infos = info === undefined ? rule.privateInfos : [info];
  const undeclared = infos && requiredPrivateInfos && !infos.some((info) => requiredPrivateInfos.includes(info));
  const undescribed = rule.described && permission && !permission[scope];
  const noMode =
    scope === 'scope.userLocationBackground' &&
    requiredBackgroundModes &&
    !requiredBackgroundModes.includes('location');
  if (undeclared || noMode) throw new Failure(REASONS.manifest);
  if (undescribed) throw new Failure(REASONS.noScopeDescription);
}

/** Resolves when the call may run; asks for the scope where it was never asked for (§2.2). */
async function permit(body: Body, call: string, scope: string, needs: Needs = {}): Promise<void> {
  const rule = Object.hasOwn(SCOPES, scope) ? SCOPES[scope] : undefined;
  if (!rule) throw new Failure(REASONS.invalidScope);
  const { information } = rule;
  if (!information) return checkManifest(scope, rule, needs, body.manifest);
  const granted = (await body.cloud('setting', body.who)).authSetting[scope];
  const coupled = granted === undefined && atLeast(body.SDKVersion, SINCE_COUPLED_DIALOGS);
  let privacy = false;
  const checks: Record<RefusalCheck, () => void | Promise<void>> = {
    manifest: () => checkManifest(scope, rule, needs, body.manifest),
    // Refused before: no dialog, at once.
    scope() {
      if (granted === false) throw new Failure(REASONS.authDeny);
    },
    async privacy() {
      privacy = (await consent(body, call, information, coupled)) === 'ask-in-dialog';
    },
    os: () => (needs.os ? permitByOs(body, needs.os) : undefined),
  };
  const { refusal_order } = (await backend(body)).assume;
  const dialogAfter = refusal_order.filter((check) => check === 'scope' || check === 'privacy').at(-1);
  for (const check of refusal_order) {
    await checks[check]();
    if (check === dialogAfter && !granted) await askForScope(body, scope, privacy);
  }
}

/** The dialog, with the privacy checkbox where `privacy` is wanted too. */
async function askForScope(body: Body, scope: string, privacy: boolean): Promise<void> {
  const answer = await new Promise<boolean | undefined>((settle) =>
    body.prompt({
      kind: 'scope',
      scope,
      privacy,
      allow: () => settle(true),
      deny: () => settle(false),
      dismiss: () => settle(undefined),
    }),
  );
  if (answer === undefined) throw new Failure(DISMISSED[(await backend(body)).assume.dismissed_dialog]);
  await body.cloud('grant', { ...body.who, grants: { [scope]: answer } });
  if (!answer) throw new Failure(REASONS.authDeny);
  if (privacy) await body.cloud('agreePrivacy', body.who);
}

const DISMISSED: Record<Assumptions['dismissed_dialog'], Reason> = {
  'auth canceled': REASONS.dialogClosed,
  'authorize no response': REASONS.noResponse,
  'auth deny': REASONS.authDeny,
};

/** The operating system's part: whoever was never asked is asked now (§1.6). */
async function permitByOs(body: Body, permission: OsPermission): Promise<void> {
  if (body.os[permission] === 'not determined') {
    body.os[permission] = await new Promise<OsAnswer>((settle) =>
      body.prompt({ kind: 'os', permission, allow: () => settle('authorized'), deny: () => settle('denied') }),
    );
  }
  if (body.os[permission] === 'denied') throw new Failure(REASONS.osDenied);
}

/** Shanghai; the fuzzy one to about 5 km. */
const PLACE = { latitude: 31.2304, longitude: 121.4737 };
const FUZZY = { latitude: 31.25, longitude: 121.5 };

export interface Location {
  latitude: number;
  longitude: number;
  speed: number;
  accuracy: number;
  altitude: number;
  verticalAccuracy: number;
  horizontalAccuracy: number;
}

export interface AuthSetting {
  authSetting: Record<string, boolean>;
}

export function permissions(body: Body) {
  const locate = (call: 'getLocation' | 'getFuzzyLocation', scope: string) =>
    permit(body, call, scope, { info: call, os: 'location' });

  return {
    getSetting: api<{ withSubscriptions?: boolean }, AuthSetting>(
      body,
      'getSetting',
      async ({ withSubscriptions }: { withSubscriptions?: boolean }) => {
        const { authSetting } = await body.cloud('setting', body.who);
        return { authSetting, ...(withSubscriptions ? { subscriptionsSetting: { mainSwitch: true } } : {}) };
      },
    ),
    authorize: api<{ scope: string }, object>(body, 'authorize', async ({ scope }: { scope: string }) => {
      wantString('scope', scope);
      await permit(body, 'authorize', scope);
      return {};
    }),
    openSetting: api<object, AuthSetting>(body, 'openSetting', async (_, { tapped }) => {
      if (!tapped && atLeast(body.SDKVersion, '2.3.0')) throw new Failure(REASONS.noTap);
      return { authSetting: await settingsPage(body) };
    }),
    getLocation: api<{ type?: string }, Location>(body, 'getLocation', async () => {
      await locate('getLocation', 'scope.userLocation');
      return { ...PLACE, speed: -1, accuracy: 65, altitude: 0, verticalAccuracy: 65, horizontalAccuracy: 65 };
    }),
    getFuzzyLocation: callbackApi<{ type?: string }, { latitude: number; longitude: number }>(
      body,
      'getFuzzyLocation',
      async () => {
        await locate('getFuzzyLocation', 'scope.userFuzzyLocation');
        return FUZZY;
      },
    ),
    getAppAuthorizeSetting: () => appAuthorizeSetting(body),
    /** The phone's own switches; `phone.switches` is what they say (§1.6). */
    getSystemSetting: () => ({
      locationEnabled: body.switches.location,
      bluetoothEnabled: body.switches.bluetooth,
      wifiEnabled: body.switches.wifi,
      deviceOrientation: 'portrait' as const,
    }),
    /** The system's settings, where WeChat is set; `phone.os` is what they say. */
    openAppAuthorizeSetting: api<object, object>(body, 'openAppAuthorizeSetting', () => ({})),
  };
}

/** The settings page, for `wx.openSetting` and the button: it lists only what was asked for before. */
export async function settingsPage(body: Body): Promise<Record<string, boolean>> {
  const { authSetting } = await body.cloud('setting', body.who);
  const asked = Object.entries(authSetting).filter(([scope]) => SCOPES[scope]?.information);
  const grants = Object.fromEntries(asked);
  await new Promise<void>((close) =>
    body.prompt({
      kind: 'settings',
      grants: { ...grants },
      set(scope, granted) {
        if (Object.hasOwn(grants, scope)) grants[scope] = granted;
      },
      close,
    }),
  );
  await body.cloud('grant', { ...body.who, grants });
  return { ...authSetting, ...grants };
}

function appAuthorizeSetting({ os, platform, SDKVersion }: Body) {
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
