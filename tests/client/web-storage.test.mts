// The lock of pages without Web Locks: a lease in localStorage. The time is node:test's.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { webStorage } from '../../js/hosts/web-storage.js';

const entries = new Map<string, string>();
let broken = false;
Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
Object.defineProperty(globalThis, 'localStorage', {
  value: {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem(key: string, value: string) {
      if (broken) throw new Error('denied');
      entries.set(key, value);
    },
    removeItem: (key: string) => entries.delete(key),
  },
});
mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_790_000_000_000 });

/** In small steps, since a timer set within a step counts from the step's end. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += 10) mock.timers.tick(10);
}

function page() {
  const seen: boolean[] = [];
  const release = webStorage.lock('lock', (exclusive) => seen.push(exclusive));
  return { seen, release };
}

test('one page at a time holds the lease, and the next gets it when it is released', () => {
  const [first, second] = [page(), page()];
  pass(1_000);
  assert.deepEqual([first.seen, second.seen], [[true], []]);
  first.release();
  pass(200);
  assert.deepEqual([first.seen, second.seen], [[true], [true]]);
  second.release();
  assert.equal(entries.size, 0);
});

test('a page that was closed blocks the others until its lease ends', () => {
  page();
  pass(100);
  const next = page();
  pass(19_000);
  assert.deepEqual(next.seen, []);
  pass(2_000);
  assert.deepEqual(next.seen, [true]);
  next.release();
});

test('a page that stops waiting is not granted the lease later', () => {
  const holder = page();
  pass(100);
  const impatient = page();
  impatient.release();
  holder.release();
  pass(1_000);
  assert.deepEqual([impatient.seen, entries.size], [[], 0]);
});

test('without a writable localStorage there is no lock, and the page works', () => {
  broken = true;
  const alone = page();
  pass(100);
  assert.deepEqual(alone.seen, [false]);
  alone.release();
});
