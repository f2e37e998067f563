// wxauth/errors: cause and remedy of every error code, in English and Chinese. Not in the bundle: import it where
// errors are shown or logged. `npm run docs` makes docs/errors.md of it.

import type { AuthErrorCode } from '../error.js';

export { type EdgeExplanation, edgeErrors } from './edge.js';

export interface Explanation {
  cause: string;
  remedy: string;
}

type Languages = { en: Explanation; zh: Explanation };

const say = (cause: string, remedy: string, causeZh: string, remedyZh: string): Languages => ({
  en: { cause, remedy },
  zh: { cause: causeZh, remedy: remedyZh },
});

export const errors: Record<AuthErrorCode, Languages> = {
  wechat_login_failed: say(
    'wx.login failed three times.',
    'Let the user try again; the network or WeChat was down.',
    'wx.login 连续三次失败。',
    '请用户稍后重试；可能是网络或微信服务异常。',
  ),
  wechat_login_timeout: say(
    'wx.login did not call back within 10 s, three times.',
    'Let the user try again.',
    'wx.login 三次都未在 10 秒内回调。',
    '请用户稍后重试。',
  ),
  login_blocked: say(
    'WeChat risk control blocks this user, or logins of this app (errcode 40226, errno 1402101).',
    'Do not retry; offer a way to use the app as a guest.',
    '微信风控拦截了该用户或该小程序的登录（errcode 40226、errno 1402101）。',
    '不要重试；请提供游客模式。',
  ),
  edge_unreachable: say(
    'The edge did not answer, three times.',
    'Check that the edge runs and that its domain is on the server domain list of the MP backend.',
    '边缘服务三次没有应答。',
    '请检查边缘服务是否运行，域名是否已加入小程序后台的服务器域名。',
  ),
  edge_failed: say(
    'The edge answered with an error, three times.',
    'Look at the edge’s log; the request_id names the line.',
    '边缘服务三次返回错误。',
    '请查看边缘服务日志，用 request_id 定位。',
  ),
  misconfigured: say(
    'The edge does not know this appid, its configuration is wrong, or the domain is not listed.',
    'Look at the edge’s log: one line names the variable. For your own requests, check the domain list.',
    '边缘服务不认识该 appid、配置有误，或请求域名未登记。',
    '请查看边缘服务日志，其中一行会指出变量名；自有请求请检查服务器域名。',
  ),
  rate_limited: say(
    'WeChat or the edge limits requests (errcode 45011).',
    'Wait retryAfter seconds.',
    '微信或边缘服务限流（errcode 45011）。',
    '请等待 retryAfter 秒后重试。',
  ),
  logged_out: say(
    'The user logged out; nothing logs in by itself after that.',
    'Show a login button that calls auth.login().',
    '用户已退出登录，之后不会自动登录。',
    '请显示登录按钮并调用 auth.login()。',
  ),
  login_required: say(
    'There is no session, and this host cannot log in by itself.',
    'Mark the request guest, or lead the visitor to a login.',
    '没有会话，且当前宿主无法自行登录。',
    '将请求标记为 guest，或引导访客登录。',
  ),
  network: say(
    'The server of this request did not answer.',
    'Retry if the request may be repeated.',
    '该请求的服务器没有应答。',
    '若请求可重复，请重试。',
  ),
  permission_failed: say(
    'WeChat’s permission call failed in a way that says nothing about the scope.',
    'Try again; call openSetting() in a tap handler.',
    '微信的权限调用失败，且未说明授权状态。',
    '请重试；openSetting() 需在点击回调中调用。',
  ),
  cancelled: say('The caller gave up waiting.', 'Nothing to do.', '调用方取消了等待。', '无需处理。'),
  core_crashed: say(
    'The core threw or could not be loaded.',
    'Restart the mini program; please report it with auth.trace().',
    '核心异常或无法加载。',
    '请重启小程序，并附上 auth.trace() 反馈问题。',
  ),
  disposed: say(
    'auth.dispose() was called.',
    'Call createAuth again.',
    '已调用 auth.dispose()。',
    '请重新调用 createAuth。',
  ),
  origin_not_listed: say(
    'The url’s origin is neither the edge nor in origins; the token must not travel there.',
    'Add the origin to createAuth({ origins }).',
    'url 的来源既不是边缘服务也不在 origins 中，令牌不能发往该处。',
    '请将该来源加入 createAuth({ origins })。',
  ),
  scope_not_granted: say(
    'The scope of use(scope, fn) is not granted; error.permission says why.',
    'Follow error.permission: show a settings button, or go on without.',
    'use(scope, fn) 的权限未授予，原因见 error.permission。',
    '按 error.permission 处理：显示设置按钮，或不使用该功能。',
  ),
  invalid_argument: say(
    'An argument or option is not what it must be; the message names it.',
    'Correct it.',
    '参数或选项不符合要求，消息中会指明。',
    '请更正。',
  ),
};
