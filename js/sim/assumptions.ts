// Undocumented behaviour of WeChat (docs/platform-facts.md §10), as switches. If two readings are possible, the default
// is the one that is harder for a client.

/** Assumptions about undocumented behaviour of WeChat. */
export interface Assumptions {
  /** Seconds after a login within which the next login keeps the session_key: an unpublished period (§1.1). */
  session_key_min_refresh_s: number;
  /** Seconds after which an unused session_key ends; unpublished (§1.1). */
  session_key_life_s: number;
  /** Event that makes the new session_key the valid one: the login, or its exchange (§1.1). */
  session_key_rotates_at: 'login' | 'exchange';
  /** Exchanges per user and minute; an older page says 100 (§3.1). */
  exchanges_per_minute: number;
  /** Calls of `cgi-bin/token` per app and day; the documentation has no number (§3.3). */
  tokens_per_day: number;
  /** Whether the IP list applies to `jscode2session`; the documentation mentions only the token calls (§3.3). */
  ip_list_covers_jscode2session: boolean;
  /** Whether `/` is written as `\/` in JSON replies (§3.1). */
  escape_slashes: boolean;
  /** Result of a QR login that the user cancels: a redirect with `state` only, or no redirect (§3.8). */
  qr_login_denied: 'state-only' | 'no-redirect';
  /**
   * Result of an official account's login that the user refuses: a redirect with `code=authdeny`, one with `state` only,
   * or none.
   */
  official_account_denied: 'authdeny' | 'state-only' | 'no-redirect';
  /** Whether an official account's login accepts a `state` of more than 128 characters; some clients do not (§3.8). */
  long_state: 'refused' | 'accepted';
  /** Whether a snapshot page returns openid and unionid of a virtual account, as documented, or the user's (§3.8). */
  snapshot_ids: 'virtual' | 'real';
  /** Errcode of a code that was used and has expired since (§3.1). */
  used_code_after_expiry: 40029 | 40163;
  /** Whether the login of a risk-controlled user (40226) uses up its code (§3.1). */
  blocked_login_uses_code: boolean;
  /** Tokens that stay valid for 5 minutes after `cgi-bin/token` issues a new one: the previous one, or every one (§3.3). */
  token_overlap: 'previous' | 'every';
  /** Whether a message is pushed again after an answer that is neither `success` nor empty (§3.7). */
  push_repeats_after_error: boolean;
  /** Whether `wx.login` honours its `timeout` (§1.1). */
  login_timeout: 'honoured' | 'ignored';
  /** Errno of a missing consent to the privacy contract (§10). */
  privacy_errno: 104 | 101102;
  /** Errno of a refused profile or phone number; `undefined`: none (§10). */
  refusal_errno: 103 | 104 | undefined;
  /** Failure text of a dismissed scope dialog (§1.4). The next call shows the dialog again in any case. */
  dismissed_dialog: 'auth canceled' | 'authorize no response' | 'auth deny';
  /** Order of the checks: if a call fails several, it reports the first. The documentation has no order (§1.6). */
  refusal_order: RefusalCheck[];
  /** Whether base libraries below 2.32.3, which have no privacy popup, fail undeclared calls (§1.5). */
  old_libraries_check_declaration: boolean;
  /** Effect of `resolve({event: 'agree'})` without a tap; documented only for mini games (§1.5). */
  privacy_agree_without_tap: 'fails' | 'ignored';
  /** Whether the session_key ends when the user deletes the mini program (§1.1). */
  session_key_after_deletion: 'ended' | 'kept';
  /** Concurrent requests on Android from base library 3.7.4: more than 10, by an unpublished number (§1.8). */
  android_requests_at_once: number;
  /** Version below which base libraries have no errno (§1.1, §1.8) and use the older texts of §1.4. */
  old_texts_below: string;
  /**
   * Seconds after which an `onNeedPrivacyAuthorization` listener that has not called `resolve` counts as not reacting
   * (§1.5).
   */
  privacy_listener_patience_s: number;
  /** Failure text of `setStorage` when the total size is exceeded (§1.7). */
  storage_full_text: string;
  /** Unit of `expireTime` in `getLatestUserKey` (§1.9). */
  user_key_expire_unit: 's' | 'ms';
}

/** A check before a method may run: app.json, the scope, the privacy contract, the operating system. */
export type RefusalCheck = 'manifest' | 'scope' | 'privacy' | 'os';

/** The default assumptions. */
export const ASSUMED: Assumptions = {
  session_key_min_refresh_s: 0,
  session_key_life_s: 3 * 86_400,
  session_key_rotates_at: 'login',
  exchanges_per_minute: 100,
  tokens_per_day: 2_000,
  ip_list_covers_jscode2session: true,
  escape_slashes: true,
  qr_login_denied: 'state-only',
  official_account_denied: 'authdeny',
  long_state: 'refused',
  snapshot_ids: 'virtual',
  used_code_after_expiry: 40029,
  blocked_login_uses_code: true,
  token_overlap: 'previous',
  push_repeats_after_error: true,
  login_timeout: 'honoured',
  privacy_errno: 104,
  refusal_errno: undefined,
  dismissed_dialog: 'auth canceled',
  refusal_order: ['manifest', 'scope', 'privacy', 'os'],
  old_libraries_check_declaration: true,
  privacy_agree_without_tap: 'fails',
  session_key_after_deletion: 'ended',
  android_requests_at_once: 20,
  old_texts_below: '2.24.0',
  privacy_listener_patience_s: 10,
  storage_full_text: 'exceed storage max size 10Mb',
  user_key_expire_unit: 's',
};
