import type { AuthErrorCode } from '../client/auth-error.js';
import { type Bilingual, explain } from './explanation.js';

/** Explanation of each `AuthError.code` of the client. */
export const errors: Record<AuthErrorCode, Bilingual> = {
  wechat_login_failed: explain(
    ['wx.login failed three times.', 'Let the user try again later: the network or WeChat’s service is down.'],
    ['wx.login 连续三次失败。', '请用户稍后重试；可能是网络或微信服务异常。'],
  ),
  wechat_login_timeout: explain(
    ['wx.login did not call back within 10 s, three times.', 'Let the user try again later.'],
    ['wx.login 连续三次在 10 秒内没有回调。', '请用户稍后重试。'],
  ),
  login_blocked: explain(
    [
      'WeChat’s risk control blocks logins of this user or app (errcode 40226, errno 1402101).',
      'Do not retry; let the user continue as a guest.',
    ],
    ['微信风控拦截了该用户或该小程序的登录（errcode 40226、errno 1402101）。', '不要重试；请让用户以游客身份继续。'],
  ),
  edge_unreachable: explain(
    [
      'The edge did not answer three login or renewal requests.',
      'Check that the edge runs and that its domain is registered as a server domain in the MP backend.',
    ],
    ['边缘服务连续三次没有应答登录或续期请求。', '请检查边缘服务是否运行，以及其域名是否已登记为小程序的服务器域名。'],
  ),
  edge_failed: explain(
    [
      'The edge answered with an error, or another server answered in its place (a proxy, or the login page of a Wi-Fi hotspot). Logins and renewals are tried three times; phone, open data and profile requests once.',
      'With error.requestId, look up that line in the edge’s log. Without it, check the proxies between the client and the edge.',
    ],
    [
      '边缘服务返回错误，或由其他服务器代为应答（代理、Wi-Fi 热点的登录页）。登录和续期会尝试三次；手机号、开放数据和用户资料请求只发送一次。',
      '若有 error.requestId，请用它在边缘服务日志中定位；若没有，请检查客户端与边缘服务之间的代理。',
    ],
  ),
  misconfigured: explain(
    [
      'The edge does not know this appid or its configuration is wrong; or the mini program lacks a declaration or a registered domain; or WeChat rejects a parameter of the call.',
      'Read the edge’s log: one line names the variable. For a failed wx call, see error.cause.',
    ],
    [
      '边缘服务没有登记该 appid 或配置有误；或小程序缺少声明、没有登记域名；或微信拒绝了调用参数。',
      '请查看边缘服务日志，其中一行会指出变量名；wx 接口调用失败时，请查看 error.cause。',
    ],
  ),
  rate_limited: explain(
    ['WeChat or the edge limits requests.', 'Wait retryAfter seconds; if it is null, about a minute.'],
    ['微信或边缘服务限流。', '请等待 retryAfter 秒；若为 null，请等待约一分钟。'],
  ),
  logged_out: explain(
    [
      'The user logged out. The client does not log in again until auth.login() is called.',
      'Show a login button that calls auth.login().',
    ],
    ['用户已退出登录；在调用 auth.login() 之前，客户端不会再次登录。', '请显示登录按钮，点击后调用 auth.login()。'],
  ),
  login_required: explain(
    [
      'There is no session and the client does not start a login: the page or the option login requires a call of login(), or storage cannot be read and the user may have logged out.',
      'Mark the request as guest, or call login() when the user asks for it.',
    ],
    [
      '当前没有会话，且客户端不会自动登录：该网页或 login 选项要求主动调用 login()；或存储无法读取，用户可能已经退出。',
      '请将请求标记为 guest，或在用户要求时调用 login()。',
    ],
  ),
  network: explain(
    ['The server of this request did not answer.', 'Send the request again if it is safe to repeat.'],
    ['该请求的服务器没有应答。', '若请求可以安全地重复，请重试。'],
  ),
  permission_failed: explain(
    [
      'A permission call of WeChat failed, and the failure does not tell whether the scope is granted.',
      'Try again. Call openSetting() in a tap handler.',
    ],
    ['微信的权限接口调用失败，无法得知授权状态。', '请重试；openSetting() 须在点击事件的回调中调用。'],
  ),
  cancelled: explain(
    [
      'The caller’s signal was aborted, or a dialog did not call back: within 60 s, or 10 s after the mini program is shown again.',
      'No action. An answer that the user gives later still counts for the next call.',
    ],
    [
      '调用方中止了 signal，或弹窗没有回调：60 秒内，或小程序重新显示后 10 秒内。',
      '无需处理；用户之后的选择在下次调用时仍然有效。',
    ],
  ),
  tap_again: explain(
    [
      'The data of this tap cannot be used any more: WeChat’s session_key changed, the data is too old, or it is unknown whether the code was redeemed.',
      'Ask the user to tap once more. The session has been renewed where that was necessary.',
    ],
    [
      '本次点击得到的数据已无法使用：session_key 已变更、数据过期，或无法得知 code 是否已被使用。',
      '请提示用户再点击一次；必要时会话已经更新。',
    ],
  ),
  data_invalid: explain(
    [
      'The open data cannot be decrypted or its signature is wrong, although the session_key is valid: the data was altered, or belongs to another app or user.',
      'Pass encryptedData, iv, rawData and signature exactly as WeChat returned them.',
    ],
    [
      'session_key 有效，但开放数据无法解密或签名不符：数据被改动，或属于其他应用或用户。',
      '请原样传入微信返回的 encryptedData、iv、rawData 和 signature。',
    ],
  ),
  user_refused: explain(
    ['The user refused, or closed the dialog.', 'Continue without the data; ask again only when the user taps again.'],
    ['用户拒绝授权，或关闭了弹窗。', '请在没有该信息的情况下继续；仅在用户再次点击时询问。'],
  ),
  privacy_refused: explain(
    [
      'The user has not agreed to the privacy contract.',
      'Show a <button open-type="agreePrivacyAuthorization">, or combine this open-type with the one of your button.',
    ],
    [
      '用户尚未同意隐私协议。',
      '请显示 <button open-type="agreePrivacyAuthorization">，或把它与原按钮的 open-type 组合使用。',
    ],
  ),
  phone_code_used: explain(
    [
      'This phone code was already submitted, and its result delivered.',
      'Use the first result. Each tap gives a new code.',
    ],
    ['该手机号 code 已经提交过，并已得到结果。', '请使用第一次的结果；每次点击都会得到新的 code。'],
  ),
  no_quota: explain(
    [
      'The app’s paid quota of this component is used up (errno 1400001).',
      'Buy more in the MP backend; meanwhile offer another way.',
    ],
    ['该付费组件的额度已用完（errno 1400001）。', '请在微信公众平台购买；在此之前提供其他方式。'],
  ),
  blocked: explain(
    ['WeChat blocks this call for the app or the user (errno 1421102).', 'Do not retry; offer another way.'],
    ['微信封禁了该应用或该用户的此项调用（errno 1421102）。', '不要重试；请提供其他方式。'],
  ),
  not_in_tap: explain(
    [
      'WeChat requires this call in the call stack of a tap handler.',
      'Call it first in the tap handler, before any await.',
    ],
    ['微信要求在点击事件的同步调用栈中调用该接口。', '请在点击回调的开头、任何 await 之前调用。'],
  ),
  unsupported: explain(
    [
      'This base library or platform does not have the call, or returns only the old form without a code.',
      'For the profile, check profileMethod() first; otherwise ask the user to update WeChat.',
    ],
    [
      '当前基础库或平台没有该接口，或只返回没有 code 的旧格式。',
      '获取用户资料前请先检查 profileMethod()；其他情况请提示用户更新微信。',
    ],
  ),
  too_many_waiting: explain(
    ['More than 4,096 calls of this client are waiting. This call was not made.', 'Wait until some of them settle.'],
    ['该客户端有超过 4096 个调用在等待，本次调用没有执行。', '请等待部分调用完成后再发起。'],
  ),
  core_crashed: explain(
    [
      'The WebAssembly core failed to load or stopped with an error.',
      'Call createAuth again, which loads the core anew. If that fails too, restart the mini program or reload the page, and report the error with auth.trace().',
    ],
    [
      'WebAssembly 核心加载失败，或因错误而停止。',
      '请再次调用 createAuth，它会重新加载核心；若仍失败，请重启小程序或刷新网页，并附上 auth.trace() 反馈问题。',
    ],
  ),
  disposed: explain(
    ['auth.dispose() was called.', 'Call createAuth again.'],
    ['已经调用过 auth.dispose()。', '请重新调用 createAuth。'],
  ),
  origin_not_listed: explain(
    [
      'The origin of the url is neither the edge’s nor in origins. The request was not sent, because the token must not go there.',
      'Add the origin to createAuth({ origins }).',
    ],
    [
      'url 的来源（Origin）既不是边缘服务，也不在 origins 中。请求没有发出，因为令牌不能发往该处。',
      '请把该来源加入 createAuth({ origins })。',
    ],
  ),
  scope_not_granted: explain(
    [
      'use(scope, fn) did not run fn because the scope is not granted; error.permission has the reason.',
      'Follow error.permission: show a settings button, or continue without the scope.',
    ],
    [
      'use(scope, fn) 没有执行 fn，因为没有得到授权；原因见 error.permission。',
      '请按 error.permission 处理：显示设置按钮，或不使用该功能。',
    ],
  ),
  invalid_argument: explain(
    ['An argument or option is invalid; the message names it.', 'Correct the argument.'],
    ['参数或选项不合法，错误消息会指出是哪一个。', '请更正该参数。'],
  ),
};
