// wxauth/sim: a stateful fake WeChat, for Node, a page or a Worker.

export { type From, type Handler, serve } from './api/index.js';
export { ASSUMED, type Assumptions } from './assumptions.js';
export { Clock } from './clock.js';
export type { Fault } from './faults.js';
export type { LogEntry } from './log.js';
export type { Delivery, LogLine, Manifest, OsAnswer, OsPermission, Switch } from './phone/body.js';
export type { Details, OpenType, PhoneDetail } from './phone/buttons.js';
export { createPhone, type Phone, type PhoneOptions, type Wx } from './phone/index.js';
export { agreeToAll, type Prompt, refuseAll } from './phone/prompts.js';
export { memoryStorage, type PhoneStorage } from './phone/storage.js';
export { type Replayed, replay } from './replay.js';
export { type Account, type App, type Config, type Person, Refusal, WeChat } from './wechat/index.js';
