// The types of `import … from 'wxauth'`, for mini programs and pages alike: where TypeScript resolves by package.json's
// `types`, as in WeChat's template, one file has to do for both. No code: a bundle takes `weapp.ts`, `web.ts` or
// `node.ts`, by the platform.

export { authBehavior } from '../client/auth-behavior.js';
export * from '../client/index.js';
export { realtimeLog } from '../client/realtime-log.js';
export { type WeappOptions, weappHost } from './weapp.js';
export { type WebLogin, type WebOptions, webHost } from './web.js';
