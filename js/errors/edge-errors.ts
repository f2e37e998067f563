// The edge's stable codes: what `code` says beside OAuth's `error`.

export interface EdgeExplanation {
  /** The HTTP status it comes with. */
  status: number;
  cause: string;
  remedy: string;
}

const say = (status: number, cause: string, remedy: string): EdgeExplanation => ({ status, cause, remedy });

export const edgeErrors: Record<string, EdgeExplanation> = {
  app_foreign: say(403, 'client_id is no app of this backend.', 'List the backend under that app in WECHAT_APPS.'),
  backend_unknown: say(
    401,
    'No app has a backend of this id and secret.',
    'Send HTTP Basic, as backends in WECHAT_APPS has it.',
  ),
  body_incomplete: say(
    408,
    'The body stopped before its end, or did not reach it within 10 s.',
    'Send the request again.',
  ),
  body_malformed: say(
    400,
    'The body or query has over 32 parameters, a repeated one, or one that is not a string.',
    'Send one JSON object of strings, or a form on /oauth/*.',
  ),
  body_not_utf8: say(400, 'The body is not UTF-8.', 'Send UTF-8.'),
  body_too_large: say(413, 'The body is over 32 KiB.', 'Send less.'),
  client_unknown: say(
    401,
    'client_id (or the id of HTTP Basic, which must have an empty secret) is no appid of this edge.',
    'Add the app to WECHAT_APPS, or correct client_id.',
  ),
  client_unauthorized: say(
    400,
    'A web login of a mini program. Told in the redirect, as unauthorized_client.',
    'Use wx.login; web logins need an app of kind official_account or website.',
  ),
  code_invalid: say(
    400,
    'The code is wrong, of another app, or too old (WeChat: 40029, after 5 minutes; of a web login: after one).',
    'Log in again for a fresh one.',
  ),
  code_malformed: say(400, 'subject_token has characters that no code has.', 'Send the code as wx.login gave it.'),
  code_missing: say(
    400,
    'subject_token (of a web login: code) is missing or empty.',
    'Send the code of wx.login, or of the redirect.',
  ),
  code_used: say(
    400,
    'The code was redeemed before (WeChat: 40163; of a web login: its session has been refreshed).',
    'Log in again for a fresh one; use a code once.',
  ),
  data_stale: say(
    400,
    'The watermark is older than open_data_max_age_s, or from the future.',
    'Ask WeChat for the data again.',
  ),
  decrypt_failed: say(
    400,
    'The open data does not open for this session; why is in the log only.',
    'Send it as it came, from the session that got it.',
  ),
  forward_failed: say(
    502,
    'push_forward_url did not take a pushed message.',
    'Look at your own server; WeChat sends the message again.',
  ),
  grant_type_unsupported: say(
    400,
    'Neither token exchange, authorization_code nor refresh_token; or token exchange for an app that is no mini program.',
    'Use one of them.',
  ),
  internal: say(500, 'A promise of ours did not hold.', 'Report it with the request_id.'),
  login_refused: say(
    403,
    'The user did not log in at WeChat. Told in the redirect, as access_denied.',
    'Go on without.',
  ),
  login_superseded: say(
    503,
    'A log-out everywhere, an erasure or the end of this session came while the login was under way. Nothing of it is kept.',
    'Try again with a fresh code.',
  ),
  login_unknown: say(
    400,
    'No such web login is under way in this browser: its cookie is missing, over 10 minutes old, or spent.',
    'Begin again at /web/login, in the same browser.',
  ),
  method_not_allowed: say(405, 'The endpoint has another method.', 'Use it.'),
  misconfigured: say(
    500,
    'The configuration has a mistake, or WeChat refuses the app’s credentials.',
    'Read the log: one line names the variable or errcode.',
  ),
  not_found: say(404, 'There is no such endpoint, or no such session id.', 'See /openapi.json.'),
  origin_not_allowed: say(
    403,
    'The page’s origin is not one of the app’s.',
    'Add it to allowed_origins of the app in WECHAT_APPS.',
  ),
  parameter_malformed: say(400, 'A parameter is not of the form it must have.', 'Correct it; the log names it.'),
  parameter_missing: say(400, 'A required parameter is missing or empty.', 'Send it; the log names it.'),
  push_malformed: say(400, 'A pushed message does not open or parse; why is in the log.', 'Check encoding_aes_key.'),
  push_plain: say(
    403,
    'A pushed message has plain text, and the app has an encoding_aes_key: nothing signs plain text.',
    'Choose 安全模式 (not 兼容模式) in the MP backend.',
  ),
  push_signature: say(403, 'A pushed message does not carry WeChat’s signature.', 'Check push_token.'),
  push_stale: say(400, 'A pushed message that would erase is over 300 s old.', 'None: WeChat’s own are seconds old.'),
  rate_limited: say(
    429,
    'Too many requests of this user, logins from this address, or wrong secrets for this backend from this address.',
    'Wait retry_after seconds.',
  ),
  redirect_uri_unknown: say(
    400,
    'redirect_uri is none of the app’s, to the letter.',
    'Add it to redirect_uris of the app in WECHAT_APPS.',
  ),
  session_ended: say(400, 'The refresh token is of no living session.', 'Log in again.'),
  session_invalid: say(
    401,
    'The access token is missing, malformed, foreign, expired or revoked.',
    'Refresh it, or log in.',
  ),
  session_key_stale: say(
    409,
    'WeChat says that the session_key is dead, or none is on record for this session.',
    'Log in again, then ask WeChat for the data again.',
  ),
  scope_unsupported: say(
    400,
    'A scope that this kind of app does not have. Told in the redirect, as invalid_scope.',
    'Use snsapi_base or snsapi_userinfo inside WeChat, snsapi_login elsewhere; or none.',
  ),
  signature_mismatch: say(
    400,
    'raw_data does not carry this signature.',
    'Send rawData byte for byte, and the signature in lower case.',
  ),
  snapshot_user: say(
    403,
    'WeChat’s page preview has a virtual user, who is nobody. Told in the redirect, as access_denied.',
    'Show the page without a login.',
  ),
  storage_unavailable: say(503, 'KV could not be read or written.', 'Try again after retry_after seconds.'),
  unsupported_media_type: say(
    415,
    'The content type is neither JSON nor, on /oauth/*, a form.',
    'Send application/json.',
  ),
  upstream_busy: say(503, 'WeChat: system busy (−1). The code may be spent.', 'Try again with a fresh code.'),
  upstream_error: say(502, 'WeChat refused with an errcode of no table.', 'Read the log: it has the errcode and rid.'),
  upstream_malformed: say(
    502,
    'What came back is no answer of WeChat’s.',
    'Check WECHAT_API_BASE and the way to WeChat.',
  ),
  upstream_rate_limited: say(429, 'WeChat limits this app or user (45009, 45011).', 'Wait retry_after seconds.'),
  upstream_timeout: say(
    504,
    'WeChat did not answer within 5 s, or within what was left of the request’s 10 s.',
    'Try again with a fresh code.',
  ),
  upstream_unreachable: say(502, 'WeChat could not be reached.', 'Try again with a fresh code.'),
  user_blocked: say(403, 'WeChat’s risk control blocks this user (40226).', 'Do not retry; offer a way as a guest.'),
};
