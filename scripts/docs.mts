// `npm run docs`: docs/errors.md out of `wxauth/errors`, so that the two cannot differ.
import { writeFileSync } from 'node:fs';
import { declarations, edgeErrors, errors, osFixes } from '../js/entries/errors.js';
import { at } from './shell.mts';

export function renderErrors(): string {
  const client = Object.entries(errors).map(
    ([code, { en, zh }]) => `| \`${code}\` | ${en.cause}<br>${zh.cause} | ${en.remedy}<br>${zh.remedy} |`,
  );
  const rows = (explained: typeof declarations | typeof osFixes) =>
    Object.entries(explained).map(
      ([name, { en, zh }]) => `| \`${name}\` | ${en.cause}<br>${zh.cause} | ${en.remedy}<br>${zh.remedy} |`,
    );
  const edge = Object.entries(edgeErrors).map(
    ([code, { status, cause, remedy }]) => `| \`${code}\` | ${status} | ${cause} | ${remedy} |`,
  );
  return `# Errors

Made by \`npm run docs\` from \`wxauth/errors\`. Codes are stable; messages are not.

## Of the client

\`AuthError\` has \`code\`, \`retryable\` and \`retryAfter\` (seconds).

| code | cause | remedy |
|---|---|---|
${client.join('\n')}

### What a permission misses

\`ensure\` answers \`{type: 'misconfigured', missing}\`, and \`{type: 'blocked-by-os', fix}\`.

| missing | cause | remedy |
|---|---|---|
${rows(declarations).join('\n')}

| fix | cause | remedy |
|---|---|---|
${rows(osFixes).join('\n')}

## Of the edge

Every error is \`{error, error_description, code, request_id}\`, with \`retry_after\` (seconds) where it helps. \`error\` is OAuth's word, \`code\` says more, \`request_id\` names the log line.

| code | status | cause | remedy |
|---|---|---|---|
${edge.join('\n')}
`;
}

export function writeErrors(): void {
  writeFileSync(at('docs/errors.md'), renderErrors());
}
