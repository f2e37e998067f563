// The types of `import … from 'wxauth'`, for mini programs and pages alike: where TypeScript resolves by package.json's
// `types`, as in WeChat's template, one file has to do for both. No code: a bundle takes `weapp.ts`, `web.ts` or
// `node.ts`, by the platform.

export * from './api.js';
export { authBehavior } from './weapp/behavior.js';
export { realtimeLog } from './weapp/realtime-log.js';
export { type WeappOptions, weappHost } from './weapp.js';
export { type WebLogin, type WebOptions, webHost } from './web.js';
