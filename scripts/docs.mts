// `npm run docs`: renders docs/errors.md and docs/errors.zh-CN.md from `wxauth/errors`.
import { writeFileSync } from 'node:fs';
import { type Bilingual, declarations, edgeErrors, errors, osFixes } from '../js/entries/errors.js';
import { at } from './shell.mts';

export type Language = 'en' | 'zh';

export const ERROR_PAGES: Record<Language, string> = { en: 'docs/errors.md', zh: 'docs/errors.zh-CN.md' };

const TEXTS = {
  en: {
    head: '# Errors\n\n[中文](errors.zh-CN.md)\n\n`npm run docs` renders this page from `wxauth/errors`. Codes are stable; messages may change.',
    client:
      '## Client\n\n`AuthError` has `code`, `retryable`, `retryAfter` (seconds, or null), `requestId` and `cause`.',
    permissions:
      '### Permissions\n\n`ensure` resolves with `{type: "misconfigured", missing}` if the mini program lacks a declaration, and with `{type: "blocked-by-os", fix}` if the operating system withholds the permission.',
    edge: '## Edge\n\nEvery error reply is `{error, error_description, code, request_id}`, with `retry_after` (seconds) where waiting helps. `error` is the OAuth error, `code` is more specific, `request_id` identifies the log line.',
    cause: 'cause',
    remedy: 'remedy',
    status: 'status',
  },
  zh: {
    head: '# 错误码\n\n[English](errors.md)\n\n本页由 `npm run docs` 根据 `wxauth/errors` 生成。错误码保持稳定，消息文字可能变化。',
    client: '## 客户端\n\n`AuthError` 包含 `code`、`retryable`、`retryAfter`（秒，或 null）、`requestId` 和 `cause`。',
    permissions:
      '### 权限\n\n小程序缺少声明时，`ensure` 返回 `{type: "misconfigured", missing}`；操作系统没有授予权限时，返回 `{type: "blocked-by-os", fix}`。',
    edge: '## 边缘服务\n\n每个错误应答都是 `{error, error_description, code, request_id}`；等待后可以重试时带有 `retry_after`（秒）。`error` 是 OAuth 错误，`code` 更具体，`request_id` 对应日志中的一行。',
    cause: '原因',
    remedy: '处理',
    status: '状态码',
  },
};

export function renderErrors(language: Language): string {
  const text = TEXTS[language];
  const table = (name: string, explanations: Record<string, Bilingual & { status?: number }>): string => {
    const withStatus = Object.values(explanations).some(({ status }) => status !== undefined);
    const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
    const columns = [name, ...(withStatus ? [text.status] : []), text.cause, text.remedy];
    const rows = Object.entries(explanations).map(([code, explanation]) => {
      const { cause, remedy } = explanation[language];
      return row([`\`${code}\``, ...(withStatus ? [`${explanation.status}`] : []), cause, remedy]);
    });
    return [row(columns), `|${columns.map(() => '---|').join('')}`, ...rows].join('\n');
  };
  const parts = [
    text.head,
    text.client,
    table('code', errors),
    text.permissions,
    table('missing', declarations),
    table('fix', osFixes),
    text.edge,
    table('code', edgeErrors),
  ];
  return `${parts.join('\n\n')}\n`;
}

export function writeErrors(): void {
  for (const language of ['en', 'zh'] as const) writeFileSync(at(ERROR_PAGES[language]), renderErrors(language));
}
