// Compiles only while WeChat's own `wx` is what the host takes, and an app uses the shipped types as the README does.
import { createAuth, type Permission, weappHost } from '../../dist/weapp/index.js';
import type { WxLike } from '../../js/hosts/wx-host.js';

const real: WxLike = wx;
const auth = createAuth({ edge: 'https://auth.example.com', host: weappHost({ wx: real }) });

export async function nearest(): Promise<WechatMiniprogram.GetLocationSuccessCallbackResult | Permission> {
  const permission = await auth.ensure('scope.userLocation');
  return permission.type === 'granted' ? wx.getLocation({ type: 'gcj02' }) : permission;
}
