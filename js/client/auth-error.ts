// The one error type. Cause and remedy of each code are in `wxauth/errors` and docs/errors.md, so
// that the bundle carries names only.

import type { ErrorCode as MachineCode, Permission } from 'wxauth-core';
import type { WxFailure } from './host.js';

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

/** What an error comes from. */
export interface Because {
  requestId?: string | undefined;
  cause?: WxFailure | undefined;
}

export class AuthError extends Error {
  override readonly name = 'AuthError';
  /** The edge's `request_id`, where it answered: it finds the line in the edge's log. */
  readonly requestId: string | null;
  /** What the platform said, where its call failed. */
  override readonly cause: WxFailure | undefined;
  constructor(
    readonly code: AuthErrorCode,
    readonly retryable = false,
    /** Seconds to wait before trying again, where the server said so. */
    readonly retryAfter: number | null = null,
    readonly permission: Permission | null = null,
    detail = '',
    { requestId, cause }: Because = {},
  ) {
    super(detail ? `wxauth: ${code}: ${detail}` : `wxauth: ${code}`);
    this.requestId = requestId || null;
    this.cause = cause;
  }
}

export const invalid = (detail: string): AuthError => new AuthError('invalid_argument', false, null, null, detail);
