// Methods of `wx` that never return a promise (docs/platform-facts.md §1.0): `await` gets `undefined`.

/** By method, the page below `开发/` of the documentation that says "以 Promise 风格调用：不支持" or names a task as result. */
export const WITHOUT_PROMISE = {
  login: 'API/开放接口/登录/wx.login.md',
  getUserInfo: 'API/开放接口/用户信息/wx.getUserInfo.md',
  getFuzzyLocation: 'API/位置/wx.getFuzzyLocation.md',
  getPrivacySetting: 'API/开放接口/隐私信息授权/wx.getPrivacySetting.md',
  openPrivacyContract: 'API/开放接口/隐私信息授权/wx.openPrivacyContract.md',
  requirePrivacyAuthorize: 'API/开放接口/隐私信息授权/wx.requirePrivacyAuthorize.md',
  'UserCryptoManager.getLatestUserKey': 'API/基础/加密/UserCryptoManager/UserCryptoManager.getLatestUserKey.md',
  'UserCryptoManager.getRandomValues': 'API/基础/加密/UserCryptoManager/UserCryptoManager.getRandomValues.md',
  request: '指南/小程序框架/逻辑层/API.md',
  uploadFile: 'API/网络/上传.md',
  downloadFile: 'API/网络/下载.md',
  connectSocket: 'API/网络/WebSocket/wx.connectSocket.md',
} as const;

export type WithoutPromise = keyof typeof WITHOUT_PROMISE;
