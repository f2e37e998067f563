// wxauth/sim: a simulated WeChat with state and rules, for Node, web pages and Workers.

export { type From, type Handler, serve } from '../sim/api/index.js';
export { ASSUMED, type Assumptions } from '../sim/assumptions.js';
export { Clock } from '../sim/clock.js';
export type { Fault } from '../sim/faults.js';
export type { LogEntry } from '../sim/log.js';
export type { Details, OpenType, PhoneDetail } from '../sim/phone/buttons.js';
export type { Delivery, LogLine, Manifest, OsAnswer, Switch } from '../sim/phone/device.js';
export { createPhone, type Phone, type PhoneOptions, type Wx } from '../sim/phone/index.js';
export { memoryStorage, type PhoneStorage } from '../sim/phone/phone-storage.js';
export { agreeToAll, type Prompt, refuseAll } from '../sim/phone/prompts.js';
export { type Replayed, replay } from '../sim/replay.js';
export type { OsPermission } from '../sim/scopes.js';
export { type Account, type App, type Config, type User, WeChat, WeChatError } from '../sim/wechat/index.js';
