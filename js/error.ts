// The one error type. Cause and remedy of each code are in `wxauth/errors` and docs/errors.md, so
// that the bundle carries names only.

import type { ErrorCode as MachineCode, Permission } from 'wxauth-core';

export type AuthErrorCode =
  | MachineCode
  /** The core could not be loaded, or it threw. The next createAuth loads it again; if that fails too, restart the app. */
  | 'core_crashed'
  /** `dispose()` was called. */
  | 'disposed'
  /** The url's origin is neither the edge nor in `origins`: a token must not travel there. */
  | 'origin_not_listed'
  /** `use(scope, fn)` was not granted the scope; `permission` says why. */
  | 'scope_not_granted'
  /** An argument or option is not what it must be; the message names it. */
  | 'invalid_argument';

export class AuthError extends Error {
  override readonly name = 'AuthError';
  constructor(
    readonly code: AuthErrorCode,
    readonly retryable = false,
    /** Seconds to wait before trying again, where the server said so. */
    readonly retryAfter: number | null = null,
    readonly permission: Permission | null = null,
    detail = '',
  ) {
    super(detail ? `wxauth: ${code}: ${detail}` : `wxauth: ${code}`);
  }
}

export const invalid = (detail: string): AuthError => new AuthError('invalid_argument', false, null, null, detail);
