// wxauth/errors: cause and remedy of every error code; the client's in English and Chinese, the edge's in English. Not
// in the bundle: import it where errors are shown or logged. `npm run docs` makes docs/errors.md of it.

import type { Declaration, OsFix } from 'wxauth-core';
import type { AuthErrorCode } from '../client/auth-error.js';

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
    'The edge answered with an error, or something else answered in its place (a proxy, the page of a captive portal). A login or renewal is tried three times before.',
    'Look at the edge’s log: error.requestId names the line. Without one, look at what stands between the client and the edge.',
    '边缘服务返回错误，或由其他服务代为应答（代理、热点登录页）；登录与续期会先尝试三次。',
    '请查看边缘服务日志，用 error.requestId 定位；若没有该值，请检查客户端与边缘服务之间的代理。',
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
    'There is no session, and none begins by itself: on this host, or because storage cannot be read and the user may have logged out.',
    'Mark the request guest, or call login() when the user asks for it.',
    '没有会话，且不会自动登录：当前宿主如此，或存储无法读取、用户可能已经退出。',
    '将请求标记为 guest，或在用户要求时调用 login()。',
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
  tap_again: say(
    'The payload of the tap is lost: WeChat’s session_key had changed, the data was too old, or nobody knows whether its code was redeemed.',
    'The session is good again. Ask the user to tap once more.',
    '本次点击的数据已失效：session_key 已变更、数据过期，或无法得知 code 是否已被使用。',
    '会话已恢复，请提示用户再点击一次。',
  ),
  data_invalid: say(
    'The open data does not open, or its signature is wrong, although the key is alive: it was altered, or is another app’s.',
    'Send encryptedData, iv, rawData and signature exactly as WeChat gave them.',
    'session_key 有效，但数据无法解密或签名不符：数据被改动，或属于其他小程序。',
    '请原样传递微信返回的 encryptedData、iv、rawData 与 signature。',
  ),
  user_refused: say(
    'The user refused, or closed the dialog.',
    'Go on without; ask again only when the user taps again.',
    '用户拒绝或关闭了弹窗。',
    '请不依赖该信息继续；仅在用户再次点击时询问。',
  ),
  privacy_refused: say(
    'The user has not agreed to the privacy contract.',
    'Show a <button open-type="agreePrivacyAuthorization">, or use the combined open-type.',
    '用户尚未同意隐私协议。',
    '请显示 <button open-type="agreePrivacyAuthorization">，或使用组合 open-type。',
  ),
  phone_code_used: say(
    'This phone code was handed in and answered before.',
    'Use the first answer; each tap brings a new code.',
    '该手机号 code 已提交并得到过结果。',
    '请使用第一次的结果；每次点击会产生新的 code。',
  ),
  no_quota: say(
    'The app’s paid quota for this component is used up (errno 1400001).',
    'Buy more in the MP backend; offer another way meanwhile.',
    '该付费组件的额度已用完（errno 1400001）。',
    '请在小程序后台购买；同时提供其他方式。',
  ),
  blocked: say(
    'WeChat blocks this call for the app or the user (errno 1421102).',
    'Do not retry; offer another way.',
    '微信封禁了该应用或用户的此项调用（errno 1421102）。',
    '不要重试；请提供其他方式。',
  ),
  not_in_tap: say(
    'The call was not made in a tap’s own call stack.',
    'Call it first in the tap handler, before any await.',
    '调用不在点击回调的同步调用栈中。',
    '请在点击回调的开头、任何 await 之前调用。',
  ),
  unsupported: say(
    'This base library or platform has no such call, or gave only the form without a code.',
    'Check profileMethod(), or ask for a newer WeChat.',
    '当前基础库或平台不支持该调用，或只返回了没有 code 的旧形式。',
    '请检查 profileMethod()，或提示用户升级微信。',
  ),
  too_many_waiting: say(
    'More than 4,096 calls of this client wait at once.',
    'Wait for some of them before you make more; this call was not made.',
    '该客户端同时等待的调用超过 4096 个。',
    '请等待部分调用完成后再发起；本次调用未执行。',
  ),
  core_crashed: say(
    'The core threw or could not be loaded.',
    'Call createAuth again; if that fails too, restart the mini program. Please report it with auth.trace().',
    '核心异常或无法加载。',
    '请重新调用 createAuth；若仍失败请重启小程序，并附上 auth.trace() 反馈问题。',
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

/** What `misconfigured` misses: `permission.missing`. */
export const declarations: Record<Declaration, Languages> = {
  'privacy-guideline': say(
    'The privacy guideline of the MP backend does not name this kind of data (errno 112).',
    'MP backend: 设置 → 服务内容声明 → 用户隐私保护指引; it takes effect after about five minutes.',
    '小程序后台的用户隐私保护指引未声明该类信息（errno 112）。',
    '在小程序后台“设置 → 服务内容声明 → 用户隐私保护指引”中声明，约五分钟后生效。',
  ),
  'required-private-infos': say(
    'app.json lacks the API in requiredPrivateInfos.',
    'app.json: "requiredPrivateInfos": ["getLocation"], with the name of the API you call.',
    'app.json 的 requiredPrivateInfos 缺少该接口。',
    '在 app.json 中加入 "requiredPrivateInfos": ["getLocation"]（所调用的接口名）。',
  ),
  'interface-permission': say(
    'The interface is not opened for this app, or is banned.',
    'MP backend: 开发 → 开发管理 → 接口设置.',
    '该接口未对此小程序开通，或已被封禁。',
    '在小程序后台“开发 → 开发管理 → 接口设置”中开通。',
  ),
  'scope-name': say(
    'There is no such scope, or app.json does not describe it.',
    'Correct the name; for location scopes app.json: "permission": {"scope.userLocation": {"desc": "…"}}.',
    '没有该 scope，或 app.json 未描述。',
    '更正名称；位置类 scope 需在 app.json 的 permission 中填写 desc。',
  ),
  'server-domain': say(
    'The server’s domain is not on the list (errno 600002).',
    'MP backend: 开发 → 开发管理 → 开发设置 → 服务器域名.',
    '服务器域名未登记（errno 600002）。',
    '在小程序后台“开发 → 开发管理 → 开发设置 → 服务器域名”中登记。',
  ),
};

/** How what the phone itself withholds is lifted: `permission.fix`. */
export const osFixes: Record<OsFix, Languages> = {
  'app-authorize-setting': say(
    'The phone’s settings do not give WeChat this permission.',
    'A button that calls wx.openAppAuthorizeSetting() (base library 2.20.1).',
    '系统设置未授予微信该权限。',
    '提供按钮调用 wx.openAppAuthorizeSetting()（基础库 2.20.1 起）。',
  ),
  'location-switch': say(
    'Location is switched off for the whole phone.',
    'Ask the user to switch it on.',
    '手机的定位服务已关闭。',
    '请提示用户打开定位服务。',
  ),
  'bluetooth-switch': say(
    'Bluetooth is switched off for the whole phone.',
    'Ask the user to switch it on.',
    '手机的蓝牙已关闭。',
    '请提示用户打开蓝牙。',
  ),
};
