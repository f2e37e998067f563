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
export { type AbortControllerLike, type AbortSignalLike, createAbortController } from './abort.js';
export type {
  Auth,
  AuthOptions,
  OpenDataDetail,
  PhoneDetail,
  PhoneNumber,
  Profile,
  ProfileDetail,
  ProfileMethod,
  RequestOptions,
  SignalOption,
} from './auth.js';
export { AuthError, type AuthErrorCode } from './auth-error.js';
export { createAuth } from './create-auth.js';
export type { AuthSetting, Host, Reply } from './host.js';
export type { Argument, Trace, TraceEntry } from './trace.js';
