// The one error type. Messages contain codes only, to keep the bundle small; cause and remedy of each code are in
// `wxauth/errors` and docs/errors.md.

import type { ErrorCode as MachineCode, Permission } from 'wxauth-core';
import type { WxFailure } from './host.js';

/** Stable codes of all errors. docs/errors.md and `wxauth/errors` have the cause and the remedy of each. */
export type AuthErrorCode =
  | MachineCode
  /**
   * The core could not be loaded, or it threw an exception. Call `createAuth` again; if that fails too, restart the
   * mini program or reload the page.
   */
  | 'core_crashed'
  /** `dispose()` was called. */
  | 'disposed'
  /** The url's origin is neither the edge's nor in `origins`; no request was sent, so no token left. */
  | 'origin_not_listed'
  /** The scope of `use(scope, fn)` is not granted; `permission` has the reason. */
  | 'scope_not_granted'
  /** An argument or option is invalid; the message names it. */
  | 'invalid_argument';

/** Where an error comes from. */
export interface ErrorSource {
  /** The edge's `request_id`. */
  requestId?: string | undefined;
  /** The platform's failure. */
  cause?: WxFailure | undefined;
}

/** The error with which every promise of this package rejects. */
export class AuthError extends Error {
  /** Always `AuthError`. */
  override readonly name = 'AuthError';
  /** The edge's `request_id`, which its log lines have; null if the edge did not answer. */
  readonly requestId: string | null;
  /** The platform's failure, if its call failed. */
  override readonly cause: WxFailure | undefined;
  /** Creates an error. `detail` is appended to the message. */
  constructor(
    /** Stable code. */
    readonly code: AuthErrorCode,
    /** Whether the same call may succeed later without a change. */
    readonly retryable = false,
    /** Seconds to wait before the next try, if the server gave them. */
    readonly retryAfter: number | null = null,
    /** With `scope_not_granted`: the reason. */
    readonly permission: Permission | null = null,
    detail = '',
    { requestId, cause }: ErrorSource = {},
  ) {
    super(detail ? `wxauth: ${code}: ${detail}` : `wxauth: ${code}`);
    this.requestId = requestId || null;
    this.cause = cause;
  }
}

/** An `invalid_argument` error; `detail` names the argument. */
export const invalid = (detail: string): AuthError => new AuthError('invalid_argument', false, null, null, detail);
