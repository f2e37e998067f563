import { type Bilingual, explain } from './explanation.js';

/** Explanation of an error code of the edge. */
export interface EdgeExplanation extends Bilingual {
  /** HTTP status of the reply. Errors of a web login arrive in the redirect instead, once `redirect_uri` is verified. */
  status: number;
}

type Text = [cause: string, remedy: string];

const answer = (status: number, en: Text, zh: Text): EdgeExplanation => ({ status, ...explain(en, zh) });

/** The stable codes of the edge: the field `code` of its error replies. New codes may be added. */
export const edgeErrors: Record<string, EdgeExplanation> = {
  app_foreign: answer(
    403,
    ['The app in client_id does not list this backend.', 'Add the backend to backends of that app in WECHAT_APPS.'],
    ['client_id 对应的应用没有登记该后端。', '在 WECHAT_APPS 中，把该后端加入此应用的 backends。'],
  ),
  backend_unknown: answer(
    401,
    [
      'No app has a backend with this id and secret.',
      'Send HTTP Basic with an id and secret from backends in WECHAT_APPS.',
    ],
    ['没有任何应用登记过该 id 和密钥的后端。', '使用 HTTP Basic，id 和密钥须与 WECHAT_APPS 的 backends 一致。'],
  ),
  body_incomplete: answer(
    408,
    ['The request body ended early, or did not arrive within 10 s.', 'Send the request again.'],
    ['请求体提前中断，或 10 秒内没有接收完。', '请重新发送请求。'],
  ),
  body_malformed: answer(
    400,
    [
      'The body or query does not parse, has more than 32 parameters, repeats a name, or has a value that is not a string.',
      'Send one JSON object with string values, or a form on /oauth/*.',
    ],
    [
      '请求体或查询串无法解析、参数超过 32 个、参数名重复，或参数值不是字符串。',
      '请发送一个值均为字符串的 JSON 对象；/oauth/* 也接受表单。',
    ],
  ),
  body_not_utf8: answer(
    400,
    ['The request body is not UTF-8.', 'Encode the body as UTF-8.'],
    ['请求体不是 UTF-8 编码。', '请使用 UTF-8 编码。'],
  ),
  body_too_large: answer(
    413,
    ['The request body is larger than 32 KiB.', 'Send a smaller body.'],
    ['请求体超过 32 KiB。', '请减小请求体。'],
  ),
  client_unauthorized: answer(
    400,
    [
      'client_id of a web login is a mini program. The redirect carries error=unauthorized_client.',
      'Use an app of kind official_account or website; a mini program logs in with wx.login.',
    ],
    [
      '网页登录的 client_id 是小程序。重定向中带有 error=unauthorized_client。',
      '请使用 kind 为 official_account 或 website 的应用；小程序应通过 wx.login 登录。',
    ],
  ),
  client_unknown: answer(
    401,
    [
      'client_id is not an appid of this edge. With HTTP Basic: the id is not an appid, or the secret is not empty.',
      'Correct client_id, or add the app to WECHAT_APPS.',
    ],
    [
      'client_id 不是本边缘服务登记的 appid。使用 HTTP Basic 时：id 不是已登记的 appid，或密钥不为空。',
      '请更正 client_id，或把该应用加入 WECHAT_APPS。',
    ],
  ),
  code_invalid: answer(
    400,
    [
      'The code is wrong, expired, or belongs to another app or user. Codes of wx.login and of the phone button live 5 minutes (errcode 40029); a code of a web login lives 60 s and is bound to client_id, redirect_uri and code_verifier.',
      'Get a new code: log in again, or ask the user to tap the phone button again.',
    ],
    [
      'code 错误、已过期，或属于其他应用或用户。wx.login 和手机号按钮的 code 有效期为 5 分钟（errcode 40029）；网页登录的 code 有效期为 60 秒，并与 client_id、redirect_uri、code_verifier 绑定。',
      '请获取新的 code：重新登录，或请用户再次点击手机号按钮。',
    ],
  ),
  code_malformed: answer(
    400,
    [
      'The code of wx.login or of the phone button is too long or has characters that such a code never has.',
      'Send the code exactly as WeChat returned it.',
    ],
    ['wx.login 或手机号按钮的 code 过长，或含有不可能出现的字符。', '请原样发送微信返回的 code。'],
  ),
  code_missing: answer(
    400,
    [
      'subject_token (token exchange) or code (web login) is missing or empty.',
      'Send the code of wx.login as subject_token, or the code from the redirect as code.',
    ],
    [
      '缺少 subject_token（令牌交换）或 code（网页登录），或其值为空。',
      '用 subject_token 发送 wx.login 的 code，或用 code 发送重定向带回的 code。',
    ],
  ),
  code_used: answer(
    400,
    [
      'The code was redeemed before (errcode 40163). For a web login: the session of this code has been refreshed since.',
      'Get a new code for each request; never send a code of WeChat twice.',
    ],
    [
      'code 已被使用（errcode 40163）。网页登录：该 code 换取的会话已经续期过。',
      '每次请求都获取新的 code；同一个微信 code 不要发送两次。',
    ],
  ),
  data_stale: answer(
    400,
    [
      'The watermark timestamp is older than open_data_max_age_s, or lies in the future.',
      'Call the WeChat API again and send the new data.',
    ],
    ['数据水印的时间早于 open_data_max_age_s 允许的范围，或在未来。', '请重新调用微信接口，发送新的数据。'],
  ),
  decrypt_failed: answer(
    400,
    [
      'encrypted_data cannot be decrypted with the keys of this session, or belongs to another app or user. The log has the reason; the reply never tells it.',
      'Send encryptedData and iv exactly as WeChat returned them, with the token of the session that was active then.',
    ],
    [
      'encrypted_data 无法用该会话的密钥解密，或属于其他应用或用户。原因只写入日志，不会出现在应答中。',
      '请原样发送微信返回的 encryptedData 和 iv，并使用获取数据时所在会话的令牌。',
    ],
  ),
  forward_failed: answer(
    502,
    [
      'The server at push_forward_url did not accept a pushed message.',
      'Check that server. WeChat sends the message again, up to three times.',
    ],
    ['push_forward_url 指向的服务器没有接收推送消息。', '请检查该服务器；微信会重发，最多三次。'],
  ),
  grant_type_unsupported: answer(
    400,
    [
      'grant_type is not one of the three that the edge supports, or a token exchange names an app that is not a mini program.',
      'Use token exchange (mini program), authorization_code (web login) or refresh_token.',
    ],
    [
      'grant_type 不是边缘服务支持的三种之一，或用令牌交换登录的应用不是小程序。',
      '请使用令牌交换（小程序）、authorization_code（网页登录）或 refresh_token。',
    ],
  ),
  internal: answer(
    500,
    ['Internal invariant violated: a bug in the edge.', 'Report it with request_id and the log line.'],
    ['边缘服务内部错误，属于程序缺陷。', '请附上 request_id 和对应的日志行反馈问题。'],
  ),
  login_refused: answer(
    403,
    [
      'WeChat returned no code: the user declined the web login. The redirect carries error=access_denied.',
      'Continue without a login; offer it again when the user asks.',
    ],
    [
      '微信没有返回 code：用户拒绝了网页登录。重定向中带有 error=access_denied。',
      '以未登录状态继续；用户主动要求时再登录。',
    ],
  ),
  login_superseded: answer(
    503,
    [
      'While this login was under way, the user logged out everywhere, was erased, or its session was revoked. No token was issued.',
      'Log in again with a new code.',
    ],
    ['登录过程中，该用户退出了所有设备、数据被清除，或该会话被撤销。没有签发令牌。', '请用新的 code 重新登录。'],
  ),
  login_unknown: answer(
    400,
    [
      'This browser has no web login with this state: its cookie is missing, older than 10 minutes, or already used.',
      'Start again at /web/login in the same browser.',
    ],
    [
      '该浏览器中没有与此 state 对应的网页登录：Cookie 缺失、超过 10 分钟，或已使用过。',
      '请在同一浏览器中从 /web/login 重新开始。',
    ],
  ),
  method_not_allowed: answer(
    405,
    ['The endpoint does not support this HTTP method.', 'Use a method from the Allow header.'],
    ['该接口不支持此 HTTP 方法。', '请使用 Allow 响应头列出的方法。'],
  ),
  misconfigured: answer(
    500,
    [
      'The configuration of the edge has an error, or WeChat rejects the credentials of the app.',
      'Read the log: one line names the variable or the errcode.',
    ],
    ['边缘服务的配置有误，或微信拒绝了该应用的凭证。', '请查看日志，其中一行会指出变量名或 errcode。'],
  ),
  not_found: answer(
    404,
    [
      'The edge has no such path; or the session id is unknown; or the app does not receive pushed messages.',
      'Compare the path with /openapi.json. For message push, set push_token of the app.',
    ],
    [
      '边缘服务没有该路径；或会话 id 不存在；或该应用没有启用消息推送。',
      '请对照 /openapi.json 检查路径；消息推送需要设置该应用的 push_token。',
    ],
  ),
  origin_not_allowed: answer(
    403,
    [
      'The origin of the page is not allowed for this app.',
      'Add the origin to allowed_origins of the app in WECHAT_APPS.',
    ],
    ['该应用不允许此网页来源（Origin）。', '在 WECHAT_APPS 中，把该来源加入此应用的 allowed_origins。'],
  ),
  parameter_malformed: answer(
    400,
    ['A parameter has the wrong format. The log names it.', 'Correct the parameter; /openapi.json describes each one.'],
    ['某个参数的格式不正确，日志会指出参数名。', '请对照 /openapi.json 更正该参数。'],
  ),
  parameter_missing: answer(
    400,
    [
      'A required parameter is missing or empty. The log names it.',
      'Send the parameter; /openapi.json lists the required ones.',
    ],
    ['缺少必填参数或其值为空，日志会指出参数名。', '请补充该参数；/openapi.json 列出了必填参数。'],
  ),
  push_malformed: answer(
    400,
    [
      'A pushed message cannot be decrypted or parsed. The log has the reason.',
      'Compare encoding_aes_key and the appid with the message push settings of the MP backend.',
    ],
    ['推送消息无法解密或解析，原因见日志。', '请核对 encoding_aes_key 和 appid 是否与微信公众平台的消息推送配置一致。'],
  ),
  push_plain: answer(
    403,
    [
      'A pushed message contains plain text although the app has an encoding_aes_key. WeChat does not sign plain text.',
      'Select 安全模式 (not 兼容模式 or 明文模式) in the message push settings of the MP backend.',
    ],
    [
      '应用配置了 encoding_aes_key，但推送消息中有明文；微信不对明文签名。',
      '请在微信公众平台的消息推送配置中选择“安全模式”，不要选择“兼容模式”或“明文模式”。',
    ],
  ),
  push_signature: answer(
    403,
    ['The signature of a pushed message is wrong.', 'Compare push_token with the Token in the MP backend.'],
    ['推送消息的签名不正确。', '请核对 push_token 与微信公众平台中的 Token 是否一致。'],
  ),
  push_stale: answer(
    400,
    [
      'A message that would erase a user has a timestamp more than 300 s away from the current time.',
      'No action: it is a replayed message. If WeChat’s own messages are refused, correct the server clock.',
    ],
    [
      '一条会清除用户数据的消息，其时间戳与当前时间相差超过 300 秒。',
      '无需处理：这是被重放的消息。若微信正常推送的消息也被拒绝，请校准服务器时钟。',
    ],
  ),
  rate_limited: answer(
    429,
    [
      'Too many requests of this user, logins from this address, or wrong backend secrets from this address.',
      'Wait retry_after seconds.',
    ],
    ['该用户请求过多、该地址登录过多，或该地址多次使用错误的后端密钥。', '请等待 retry_after 秒后重试。'],
  ),
  redirect_uri_unknown: answer(
    400,
    [
      'redirect_uri is not listed for this app. The comparison is byte by byte.',
      'Add the exact address to redirect_uris of the app in WECHAT_APPS.',
    ],
    ['该应用没有登记此 redirect_uri；比较时逐字节匹配。', '在 WECHAT_APPS 中，把完整地址加入此应用的 redirect_uris。'],
  ),
  scope_unsupported: answer(
    400,
    [
      'A web login requests a scope that this kind of app does not have. The redirect carries error=invalid_scope.',
      'Omit scope, or use snsapi_base or snsapi_userinfo (official_account), snsapi_login (website).',
    ],
    [
      '网页登录请求了该类应用没有的 scope。重定向中带有 error=invalid_scope。',
      '不传 scope，或使用 snsapi_base、snsapi_userinfo（official_account）或 snsapi_login（website）。',
    ],
  ),
  session_ended: answer(
    400,
    [
      'The session is over: expired, revoked, or ended because a refresh token was used twice. Or the refresh token is not of this edge and app.',
      'Log in again.',
    ],
    [
      '会话已结束：已过期、被撤销，或因刷新令牌被重复使用而终止；也可能该刷新令牌不属于此边缘服务或此应用。',
      '请重新登录。',
    ],
  ),
  session_invalid: answer(
    401,
    [
      'The access token is missing, malformed, expired, revoked, or was not issued by this edge.',
      'Refresh the token; if that fails, log in again.',
    ],
    [
      '访问令牌缺失、格式错误、已过期、被撤销，或不是本边缘服务签发的。',
      '请用刷新令牌换取新令牌；若失败，请重新登录。',
    ],
  ),
  session_key_stale: answer(
    409,
    [
      'WeChat reports that the stored session_key is no longer valid, or no session_key is stored for this session.',
      'Log in again, then call the WeChat API again and send the new data.',
    ],
    [
      '微信告知存储的 session_key 已失效，或该会话没有存储 session_key。',
      '请重新登录，再重新调用微信接口并发送新的数据。',
    ],
  ),
  signature_mismatch: answer(
    400,
    [
      'signature does not match raw_data under the session_key of this session.',
      'Send rawData byte for byte and signature unchanged, as WeChat returned them.',
    ],
    ['signature 与 raw_data 在该会话的 session_key 下不匹配。', '请逐字节原样发送微信返回的 rawData 和 signature。'],
  ),
  snapshot_user: answer(
    403,
    [
      'WeChat shows the page in preview mode with a virtual user. The redirect carries error=access_denied.',
      'Show the page without a login.',
    ],
    ['微信以快照页模式打开网页，返回的是虚拟用户。重定向中带有 error=access_denied。', '请以未登录状态显示网页。'],
  ),
  storage_unavailable: answer(
    503,
    ['The session store could not be read or written.', 'Try again after retry_after seconds.'],
    ['会话存储无法读取或写入。', '请等待 retry_after 秒后重试。'],
  ),
  unsupported_media_type: answer(
    415,
    ['The content type is not JSON (or, on /oauth/*, a form).', 'Send application/json.'],
    ['Content-Type 不是 JSON（/oauth/* 也接受表单）。', '请使用 application/json。'],
  ),
  upstream_busy: answer(
    503,
    [
      'WeChat is busy (errcode −1). The code may have been used up.',
      'Try again with a new code after retry_after seconds.',
    ],
    ['微信系统繁忙（errcode −1），code 可能已失效。', '请等待 retry_after 秒，再用新的 code 重试。'],
  ),
  upstream_error: answer(
    502,
    [
      'WeChat refused the request with an errcode that the edge does not know.',
      'Read the log: it has the errcode and the rid.',
    ],
    ['微信以边缘服务未知的 errcode 拒绝了请求。', '请查看日志中的 errcode 和 rid。'],
  ),
  upstream_malformed: answer(
    502,
    [
      'The reply to a request to WeChat is not in WeChat’s format, or is too large.',
      'Check WECHAT_API_BASE and any proxy between the edge and WeChat.',
    ],
    ['发往微信的请求收到的应答不符合微信的格式，或过大。', '请检查 WECHAT_API_BASE，以及边缘服务与微信之间的代理。'],
  ),
  upstream_rate_limited: answer(
    429,
    ['WeChat limits requests of this app or user (errcode 45009, 45011).', 'Wait retry_after seconds.'],
    ['微信对该应用或用户限流（errcode 45009、45011）。', '请等待 retry_after 秒后重试。'],
  ),
  upstream_timeout: answer(
    504,
    [
      'WeChat did not answer within 5 s, or within the rest of the request’s 10 s.',
      'Try again with a new code; the old one may have been used up.',
    ],
    ['微信在 5 秒内，或在该请求 10 秒时限的剩余时间内没有应答。', '请用新的 code 重试；旧的 code 可能已失效。'],
  ),
  upstream_unreachable: answer(
    502,
    ['The connection to WeChat failed.', 'Try again with a new code; check the network of the edge if it persists.'],
    ['无法连接微信服务器。', '请用新的 code 重试；若持续失败，请检查边缘服务的网络。'],
  ),
  user_blocked: answer(
    403,
    [
      'WeChat’s risk control blocks the login of this user (errcode 40226).',
      'Do not retry; let the user continue as a guest.',
    ],
    ['微信风控拦截了该用户的登录（errcode 40226）。', '不要重试；请让用户以游客身份继续。'],
  ),
};
