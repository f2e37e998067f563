// Compiles only if the host accepts WeChat's own `wx` type and the README's code compiles with the shipped types.
import { createAuth, type Permission, weappHost } from '../../dist/weapp/index.js';
import type { WxLike } from '../../js/hosts/wx-host.js';

const real: WxLike = wx;
const auth = createAuth({ edge: 'https://auth.example.com', host: weappHost({ wx: real }) });

export async function nearest(): Promise<WechatMiniprogram.GetLocationSuccessCallbackResult | Permission> {
  const permission = await auth.ensure('scope.userLocation');
  return permission.type === 'granted' ? wx.getLocation({ type: 'gcj02' }) : permission;
}
