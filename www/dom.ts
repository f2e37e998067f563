// Helpers for the DOM. Texts are set as text nodes, never as HTML.

export const byId = <Kind extends HTMLElement = HTMLElement>(id: string): Kind =>
  document.getElementById(id) as unknown as Kind;

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: Array<Node | string>
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function say(id: string, words: string): void {
  byId(id).textContent = words;
}

/** Sets the rows of a `<dl>`. */
export function rows(id: string, entries: Array<[name: string, value: string]>): void {
  byId(id).replaceChildren(
    ...entries.flatMap(([name, value]) => [make('dt', { textContent: name }), make('dd', { textContent: value })]),
  );
}

export const clockTime = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
