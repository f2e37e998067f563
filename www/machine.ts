// Diagram of the session's states, and the user's answer to each scope.

import type { State } from 'wxauth/web';
import { AUTO_GRANTED, SCOPES } from '../js/sim/scopes.js';
import { byId, make, rows } from './dom.js';
import { text } from './text.js';

type Session = State['session'];

const BOX = { width: 126, height: 46 };
const PLACES: Record<Session, [x: number, y: number]> = {
  starting: [2, 78],
  guest: [92, 2],
  'logging-in': [178, 78],
  'logged-in': [352, 78],
  'logged-out': [266, 154],
};
const TRANSITIONS: Array<[Session, Session]> = [
  ['starting', 'guest'],
  ['starting', 'logging-in'],
  ['guest', 'logging-in'],
  ['logging-in', 'logged-in'],
  ['logged-in', 'logged-out'],
  ['logged-out', 'logging-in'],
];

/** Scopes with a dialog. The others are always granted (docs/platform-facts.md §2.1). */
const ASKED = Object.keys(SCOPES).filter((scope) => !AUTO_GRANTED.includes(scope));

function svg(tag: string, attributes: Record<string, string | number>, content = ''): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = content;
  return element;
}

/** Draws the states once; `drawMachine` highlights the current one. */
export function layOutMachine(): void {
  const picture = byId('picture');
  const middle = (session: Session): [number, number] => {
    const [x, y] = PLACES[session];
    return [x + BOX.width / 2, y + BOX.height / 2];
  };
  for (const [from, to] of TRANSITIONS) {
    const [x1, y1] = middle(from);
    const [x2, y2] = middle(to);
    picture.append(svg('line', { x1, y1, x2, y2, class: 'way' }));
  }
  for (const [session, [x, y]] of Object.entries(PLACES) as Array<[Session, [number, number]]>) {
    const group = svg('g', { 'data-session': session });
    group.append(
      svg('rect', { x, y, rx: 20, ...BOX }),
      svg('text', { x: x + BOX.width / 2, y: y + BOX.height / 2 + 6 }, text.states[session]),
    );
    picture.append(group);
  }
}

export function drawMachine({ session, generation, degraded, scopes }: State): void {
  const picture = byId('picture');
  const title = picture.querySelector('title');
  if (title) title.textContent = text.sessionPicture(text[session]);
  for (const group of picture.querySelectorAll('g')) group.classList.toggle('here', group.dataset.session === session);

  const known = new Map(scopes.map(({ scope, granted }) => [scope, granted]));
  const chips = ASKED.map((scope) => {
    const granted = known.get(scope);
    const [sign, state, word] =
      granted === undefined
        ? ['·', 'unknown', text.neverAsked]
        : granted
          ? ['✓', 'granted', text.granted]
          : ['✗', 'refused', text.scopeRefused];
    const chip = make('li', { className: state, title: word }, `${scope.replace('scope.', '')} ${sign}`);
    chip.append(make('span', { className: 'heard', textContent: ` ${word}` }));
    return chip;
  });
  byId('scopes').replaceChildren(...chips);
  rows('state', [
    [text.session, session],
    [text.generation, String(generation)],
    [text.storage, degraded ? text.memoryOnly : text.ok],
  ]);
}
