import type { Declaration, OsFix } from 'wxauth-core';
import { type Bilingual, explain } from './explanation.js';

/** Explanation of each declaration that a mini program can lack: the field `missing` of a `misconfigured` permission. */
export const declarations: Record<Declaration, Bilingual> = {
  'privacy-guideline': explain(
    [
      'The privacy guideline in the MP backend does not declare this kind of data (errno 112).',
      'MP backend: 设置 → 服务内容声明 → 用户隐私保护指引. It takes effect after about five minutes.',
    ],
    [
      '微信公众平台的用户隐私保护指引没有声明该类信息（errno 112）。',
      '在微信公众平台“设置 → 服务内容声明 → 用户隐私保护指引”中声明，约五分钟后生效。',
    ],
  ),
  'required-private-infos': explain(
    [
      'requiredPrivateInfos in app.json does not list the API.',
      'Add the name of the API to app.json, for example "requiredPrivateInfos": ["getLocation"].',
    ],
    [
      'app.json 的 requiredPrivateInfos 没有列出该接口。',
      '在 app.json 中加入所调用的接口名，例如 "requiredPrivateInfos": ["getLocation"]。',
    ],
  ),
  'interface-permission': explain(
    [
      'The API is not enabled for this app, its quota is used up, or WeChat has banned it.',
      'MP backend: 开发 → 开发管理 → 接口设置.',
    ],
    [
      '该接口没有对此小程序开通、额度已用完，或已被微信封禁。',
      '在微信公众平台“开发 → 开发管理 → 接口设置”中查看并开通。',
    ],
  ),
  'scope-name': explain(
    [
      'The scope does not exist, or app.json has no description for it.',
      'Correct the name. Location scopes need "permission": {"scope.userLocation": {"desc": "…"}} in app.json.',
    ],
    [
      '该 scope 不存在，或 app.json 中没有对应的说明。',
      '请更正名称；位置类 scope 需要在 app.json 中配置 "permission": {"scope.userLocation": {"desc": "…"}}。',
    ],
  ),
  'server-domain': explain(
    [
      'The domain of the server is not registered for this mini program (errno 600002).',
      'MP backend: 开发 → 开发管理 → 开发设置 → 服务器域名.',
    ],
    ['小程序没有登记该服务器域名（errno 600002）。', '在微信公众平台“开发 → 开发管理 → 开发设置 → 服务器域名”中登记。'],
  ),
};

/** Explanation of each permission that the operating system withholds: the field `fix` of a `blocked-by-os` permission. */
export const osFixes: Record<OsFix, Bilingual> = {
  'app-authorize-setting': explain(
    [
      'The operating system has not granted WeChat this permission.',
      'Show a button that calls wx.openAppAuthorizeSetting() (base library 2.20.1 or later).',
    ],
    ['操作系统没有授予微信该权限。', '请提供按钮，点击后调用 wx.openAppAuthorizeSetting()（基础库 2.20.1 及以上）。'],
  ),
  'location-switch': explain(
    ['The location service of the phone is off.', 'Ask the user to turn it on.'],
    ['手机的定位服务已关闭。', '请提示用户打开定位服务。'],
  ),
  'bluetooth-switch': explain(
    ['Bluetooth of the phone is off.', 'Ask the user to turn it on.'],
    ['手机的蓝牙已关闭。', '请提示用户打开蓝牙。'],
  ),
};
