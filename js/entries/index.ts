// Types of the bare import `wxauth`. TypeScript takes one file from package.json's `types`, also in WeChat's template, so
// it covers mini programs and pages. No code is built from this file: a bundler takes weapp.ts, web.ts or node.ts.

export { authBehavior } from '../client/auth-behavior.js';
export * from '../client/index.js';
export { type RealtimeLogManager, realtimeLog } from '../client/realtime-log.js';
export { type WeappOptions, type WxLike, weappHost } from './weapp.js';
export { type WebLogin, type WebOptions, webHost } from './web.js';
