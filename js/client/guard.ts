// Calls into code that this package does not control: the platform, the application, a signal.

import { truncate } from './bounds.js';
import type { WxFailure } from './host.js';

/** Runs `call`, and reports an exception as the platform reports a failure. */
export function guardCall(call: () => void, failed: (failure: WxFailure) => void): void {
  try {
    call();
  } catch (error) {
    failed({ errMsg: truncate(error) });
  }
}

/** Throws outside the current call stack: an exception in the application's code is shown and stops nothing here. */
export function rethrow({ errMsg }: WxFailure): void {
  setTimeout(() => {
    throw new Error(errMsg);
  });
}

/** Discards a failure. */
export const ignore = (): void => {};
