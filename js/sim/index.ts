// wxauth/sim: a stateful fake WeChat, for Node, a page or a Worker. server.ts serves it over HTTP in `npm start`.

export { type Handler, serve } from './api.js';
export type { Fault } from './faults.js';
export { createPhone, type Phone, type PhoneOptions, type PhoneStorage, type Prompt } from './phone.js';
export { type App, type Config, type Person, Refusal, WeChat } from './wechat.js';
