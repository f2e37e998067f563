// What is not known of WeChat (docs/platform-facts.md §10), as switches. Where two readings are possible the default
// is the one that is harder on a client.

export interface Assumptions {
  /** A login this soon after the last keeps the session_key: the minimum refresh period of §1.1, unpublished. */
  session_key_min_refresh_s: number;
  /** A session_key unused for so long ends; unpublished (§1.1). */
  session_key_life_s: number;
  /** What makes the new session_key current: the login, or its exchange (§1.1). */
  session_key_rotates_at: 'login' | 'exchange';
  /** Exchanges a user may make in a minute; an older page says 100 (§3.1). */
  exchanges_per_minute: number;
  /** `GET /cgi-bin/token` a day; the pages name no number (§3.3). */
  tokens_per_day: number;
  /** Whether the IP list holds for jscode2session; the pages name only the token calls (§3.3). */
  ip_list_covers_jscode2session: boolean;
  /** `\/` in the JSON of a session_key (§3.1). */
  escape_slashes: boolean;
  /** Whether a QR login that the user cancels comes back with `state` only, or not at all (§3.8). */
  qr_login_denied: 'state-only' | 'no-redirect';
  /** What comes back from an official account's login that the user refuses: `code=authdeny`, `state` only, nothing. */
  official_account_denied: 'authdeny' | 'state-only' | 'no-redirect';
  /** Whether an official account's login refuses a `state` of more than 128 characters, as some clients do (§3.8). */
  long_state: 'refused' | 'accepted';
  /** Whether openid and unionid of a snapshot page are a virtual account's, as the pages say, or the user's (§3.8). */
  snapshot_ids: 'virtual' | 'real';
  /** The error of a code that was used and has expired since (§3.1). */
  used_code_after_expiry: 40029 | 40163;
  /** Whether the login of a risk-controlled user (40226) uses up its code (§3.1). */
  blocked_login_uses_code: boolean;
  /** Which tokens live on for five minutes after `cgi-bin/token` gives a new one: the one before, or every one (§3.3). */
  token_overlap: 'previous' | 'every';
  /** Whether a message is pushed again after an answer that is neither `success` nor empty, as it is after none (§3.7). */
  push_repeats_after_error: boolean;
  /** Whether `wx.login` keeps to its `timeout` (§1.1). */
  login_timeout: 'honoured' | 'ignored';
  /** The errno of a missing consent to the privacy contract (§10). */
  privacy_errno: 104 | 101102;
  /** The errno of a refused profile or phone number, or none (§10). */
  refusal_errno: 103 | 104 | undefined;
  /** What a dismissed scope dialog says (§1.4); it is asked again either way. */
  dismissed_dialog: 'auth canceled' | 'authorize no response' | 'auth deny';
  /** Which of two reasons to fail is told, where a call has both; the pages give no order (§1.6). */
  refusal_order: RefusalCheck[];
  /** Whether a base library below 2.32.3, which intercepts no privacy call, still fails an undeclared one (§1.5). */
  old_libraries_check_declaration: boolean;
  /** What becomes of a call when its popup resolves `agree` without a tap; only the mini-game pages say (§1.5). */
  privacy_agree_without_tap: 'fails' | 'ignored';
  /** Whether the session_key survives that the user deletes the mini program (§1.1). */
  session_key_after_deletion: 'ended' | 'kept';
  /** Requests at a time on Android from 3.7.4 on: more than ten, by an unpublished number (§1.8). */
  android_requests_at_once: number;
  /** Base libraries below this have no errno (§1.1, §1.8) and the older texts of §1.4. */
  old_texts_below: string;
  /**
   * An `onNeedPrivacyAuthorization` listener that calls no `resolve` at all for so long is taken as one that does not
   * react (§1.5).
   */
  privacy_listener_patience_s: number;
  /** What `setStorage` says when all keys together are too much (§1.7). */
  storage_full_text: string;
  /** The unit of `expireTime` in `getLatestUserKey` (§1.9). */
  user_key_expire_unit: 's' | 'ms';
}

export type RefusalCheck = 'manifest' | 'scope' | 'privacy' | 'os';

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
