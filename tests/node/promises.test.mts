// docs/promises.md names the files that enforce each promise and the tests that prove it. They must exist, and the
// Chinese page must name the same ones.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { at } from '../../scripts/shell.mts';
import { isTest } from '../named-tests.mts';

interface PromiseEntry {
  title: string;
  enforced: string[];
  proofs: string[];
}

/** Parses a page: each promise is a third-level heading with a list; its last two items name files and tests in backticks. */
function promisesOf(page: string, words: { enforced: string; proved: string }): PromiseEntry[] {
  const sections = readFileSync(at(page), 'utf8').split(/^### /m).slice(1);
  return sections.map((section) => {
    const [title = ''] = section.split('\n', 1);
    const named = (word: string) => {
      const item = section.match(new RegExp(`^- ${word}(.*(?:\\n  .*)*)`, 'm'))?.[1];
      assert.ok(item, `${page}: "${title}" has no item "${word}"`);
      return [...item.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text.replace(/\s+/g, ' '));
    };
    return { title, enforced: named(words.enforced), proofs: named(words.proved) };
  });
}

const english = promisesOf('docs/promises.md', { enforced: 'Enforced in:', proved: 'Proved by:' });
const chinese = promisesOf('docs/promises.zh-CN.md', { enforced: '实现：', proved: '证明：' });

test('each promise names files that exist', () => {
  assert.ok(english.length >= 25);
  for (const { title, enforced } of english) {
    assert.ok(enforced.length > 0, title);
    for (const file of enforced) assert.ok(existsSync(at(file)), `${title}: ${file} is missing`);
  }
});

test('each promise names tests that exist', () => {
  for (const { title, proofs } of english) {
    assert.ok(proofs.length > 0, title);
    for (const proof of proofs) assert.ok(isTest(proof), `${title}: no such test: ${proof}`);
  }
});

test('the Chinese page has the same promises, files and tests', () => {
  const named = (promises: PromiseEntry[]) => promises.map(({ enforced, proofs }) => ({ enforced, proofs }));
  assert.deepEqual(named(chinese), named(english));
});
