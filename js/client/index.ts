// Exports of every entry point of the client.

export type {
  Declaration,
  ErrorCode,
  OsFix,
  Permission,
  ScopeGrant,
  SessionState,
  State,
  Tap,
} from 'wxauth-core';
export { type AbortControllerLike, type AbortSignalLike, createAbortController } from './abort-controller.js';
export type {
  AccessToken,
  Auth,
  AuthOptions,
  Expiry,
  OpenDataDetail,
  PhoneDetail,
  PhoneNumber,
  Profile,
  ProfileDetail,
  ProfileMethod,
  RequestOptions,
  SignalOption,
  TapDetail,
} from './auth.js';
export { AuthError, type AuthErrorCode, type ErrorSource } from './auth-error.js';
export { createAuth } from './create-auth.js';
export type { AuthSetting, CoreModule, Failed, Host, HostRequest, Reply, SignedProfile, WxFailure } from './host.js';
export type { Argument, Trace, TraceConfig, TraceEntry } from './trace.js';
