// What every entry of the client exports.

export type {
  Declaration,
  OsFix,
  Permission,
  ScopeGrant,
  SessionState,
  State,
  Tap,
} from 'wxauth-core';
export {
  type Auth,
  type AuthOptions,
  createAuth,
  type OpenDataDetail,
  type PhoneDetail,
  type PhoneNumber,
  type Profile,
  type ProfileDetail,
  type ProfileWay,
  type RequestOptions,
  type Waiting,
} from './auth.js';
export { type Canceller, type CancelSignal, canceller } from './cancel.js';
export { AuthError, type AuthErrorCode } from './error.js';
export type { AuthSetting, Host, Reply } from './host.js';
export type { Argument, Trace, TraceEntry } from './trace.js';
