// Conversions of unchecked values into bounded ones. The core's memory has a fixed size (docs/platform-facts.md §5), so a
// text or list of any length must not reach it.

import type { AuthSetting, WxFailure } from './host.js';

/** Characters of the longest text passed to the core; real messages, codes and tokens are shorter. */
const LONGEST_TEXT = 8_192;
/** Characters of the longest name of a scope or setting. */
const LONGEST_NAME = 64;
/** Names in a list. */
const MOST_NAMES = 64;

/** The first `longest` characters of a value's text; '' if it has none. */
export function truncate(value: unknown, longest = LONGEST_TEXT): string {
  try {
    return String(value ?? '').slice(0, longest);
  } catch {
    return '';
  }
}

/** A code's or token's text; '' if it is too long, since a truncated one is invalid. */
export const untruncated = (value: unknown): string => {
  const text = truncate(value, LONGEST_TEXT + 1);
  return text.length > LONGEST_TEXT ? '' : text;
};

/** The first 64 names of a list. */
export const truncateAll = (names: unknown[]): string[] =>
  Array.isArray(names) ? names.slice(0, MOST_NAMES).map((name) => truncate(name, LONGEST_NAME)) : [];

/** Names of the scopes of an `authSetting` that are granted, and of those that are denied. */
export function grantNames(setting: AuthSetting): [granted: string[], denied: string[]] {
  const withValue = (value: boolean) =>
    truncateAll(Object.keys(setting || {}).filter((name) => setting[name] === value));
  return [withValue(true), withValue(false)];
}

/** A failure with a text, and an `errno` if that is a number. */
export function failureOf(failure: Partial<WxFailure> | undefined): WxFailure {
  const { errno, errMsg } = failure || {};
  return Object.assign({ errMsg: truncate(errMsg) }, typeof errno === 'number' ? { errno } : {});
}

/** Whether a value's properties can be read. */
export const isRecord = (value: unknown): value is Record<string, unknown> => !!value && typeof value === 'object';
