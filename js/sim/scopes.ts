// The scopes of mini programs, each with the declarations and permissions that it needs (docs/platform-facts.md §2).

/** Information types of the privacy guideline (§2.3) that a method of the simulated phone uses. */
export const INFORMATION = [
  'profile',
  'location',
  'werun',
  'phone',
  'microphone',
  'camera',
  'bluetooth',
  'album',
  'contacts',
  'calendar',
] as const;
/** An information type of the privacy guideline. */
export type Information = (typeof INFORMATION)[number];

/** A permission that the operating system gives to WeChat, as `wx.getAppAuthorizeSetting` names it (§1.6). */
export type OsPermission =
  | 'album'
  | 'bluetooth'
  | 'camera'
  | 'location'
  | 'microphone'
  | 'notification'
  | 'phoneCalendar';

/** A scope without a dialog: its authorization was cancelled, so that it is always granted (§2.1). */
interface AutoGranted {
  information?: undefined;
  privateInfos?: undefined;
  described?: undefined;
  os?: undefined;
}

/** A scope that the user is asked for. */
interface Asked {
  /** Information type that the privacy guideline must declare (§2.3). */
  information: Information;
  /** Names of which `requiredPrivateInfos` in app.json must contain one (§2.3). */
  privateInfos?: string[];
  /** Whether `permission` in app.json must describe the scope (§2.3). */
  described?: true;
  os?: OsPermission;
}

export type ScopeRule = AutoGranted | Asked;

const LOCATION = { information: 'location', described: true, os: 'location' } as const;

export const SCOPES: Record<string, ScopeRule> = {
  'scope.userInfo': {},
  'scope.address': {},
  'scope.invoiceTitle': {},
  'scope.invoice': {},
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
};

/** Scopes that are always granted, without a dialog (§2.1). */
export const AUTO_GRANTED = Object.keys(SCOPES).filter((scope) => SCOPES[scope]?.information === undefined);
