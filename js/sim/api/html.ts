// HTML pages without third-party scripts.

/** HTML text, to be inserted without escaping. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = string | number | Html | Html[];

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

function textOf(value: Value): string {
  if (Array.isArray(value)) return value.map(({ text }) => text).join('');
  return value instanceof Html ? value.text : escaped(String(value));
}

/** Template tag that escapes every value, except those that are HTML already. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(textOf)));
}

const STYLE = new Html(`
  body { margin: 0 auto; max-width: 960px; padding: 24px 16px; font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; color: #16191c; background: #f3f5f7; overflow-wrap: anywhere }
  h1 { font-size: 22px } h2 { font-size: 16px; margin: 24px 0 8px }
  a.button { display: block; max-width: 320px; margin: 8px 0; padding: 10px; border-radius: 6px; background: #07824a; color: #fff; text-align: center; text-decoration: none }
  a.plain { background: #e3e4e6; color: #1a1a1c }
  table { width: 100%; border-collapse: collapse; background: #fff } th, td { padding: 6px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid #e3e6e9 }
  th { color: #5d666f; font-weight: 500 } code, td { font-family: ui-monospace, monospace; font-size: 13px }
  @media (max-width: 640px) { thead { display: none } tr, td { display: block } tr { padding: 6px 0; border-bottom: 1px solid #e3e6e9 } td { padding: 0 10px; border: 0 } }
  :focus-visible { outline: 3px solid #1a6fd4 }
`);

/** Returns a page. */
export function page(title: string, content: Html, status = 200): Response {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body><h1>${title}</h1>${content}</body>
</html>`;
  return new Response(text, { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
}
