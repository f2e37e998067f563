// The modules of src/ have no circle: if A uses B, directly or through others, B does not use A. `use` declarations and
// paths from `crate`, `super` and `self` count; a name that a module re-exports counts for the module that defines it.
// A method counts for the module of its type, unless the method's module is below that one.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { at } from '../../scripts/shell.mts';

/** Splits at the commas that are not within braces. */
function items(text: string): string[] {
  let depth = 0;
  const parts = [''];
  for (const char of text) {
    depth += char === '{' ? 1 : char === '}' ? -1 : 0;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.filter(Boolean);
}

/** The paths of a use tree, without spaces: `a::{b,c::d}` becomes `a::b` and `a::c::d`. */
function paths(tree: string): string[] {
  const [, start = '', group] = tree.match(/^(.*?)\{(.*)\}$/) ?? [];
  return group === undefined ? [tree] : items(group).flatMap((item) => paths(start + item));
}

/** The uses of each module, by the module's path. */
function usesOf(sources: Map<string, string>): Map<string, Set<string>> {
  const absolute = (module: string, path: string): string[] | undefined => {
    const segments = path.split('::');
    const here = module.split('::').filter(Boolean);
    if (segments[0] === 'crate') return segments.slice(1);
    if (segments[0] === 'self') return [...here, ...segments.slice(1)];
    while (segments[0] === 'super') {
      here.pop();
      segments.shift();
      if (segments[0] !== 'super') return [...here, ...segments];
    }
    const child = [...here, ...segments];
    return sources.has(child.slice(0, here.length + 1).join('::')) ? child : undefined;
  };
  const names = new Map<string, string[]>();
  const written = new Map<string, string[][]>();
  for (const [module, source] of sources) {
    const trees = [...source.matchAll(/\buse\s+([^;]+);/g)].flatMap(([, tree = '']) => {
      const aliases = tree.replace(/\s+as\s+/g, '@').replace(/\s/g, '');
      return paths(aliases);
    });
    const inline = [...source.replace(/\buse\s+[^;]+;/g, '').matchAll(/\b(?:crate|super|self)(?:::\w+)+/g)].map(
      ([path]) => path,
    );
    const found: string[][] = [];
    for (const tree of [...trees, ...inline]) {
      const [path = '', alias] = tree.replace(/::self\b/, '').split('@');
      const segments = absolute(module, path);
      if (!segments) continue;
      found.push(segments);
      if (trees.includes(tree)) names.set(`${module}::${alias ?? segments.at(-1)}`, segments);
    }
    written.set(module, found);
  }
  const moduleOf = (segments: string[], depth = 0): string => {
    for (let length = segments.length; length > 0; length--) {
      const module = segments.slice(0, length).join('::');
      if (!sources.has(module)) continue;
      const imported = names.get(`${module}::${segments[length]}`);
      return imported && depth < 9 ? moduleOf([...imported, ...segments.slice(length + 1)], depth + 1) : module;
    }
    return '';
  };
  const uses = (module: string, found: string[][]) =>
    new Set(found.map((segments) => moduleOf(segments)).filter((used) => used !== '' && used !== module));
  const result = new Map([...written].map(([module, found]) => [module, uses(module, found)]));
  for (const [module, source] of sources)
    for (const [, type = ''] of source.matchAll(/^impl(?:<[^>]*>)?\s+(\w+)(?:<[^{]*>)?\s*\{/gm)) {
      const home = moduleOf([...module.split('::'), type]);
      if (!module.startsWith(home)) result.get(home)?.add(module);
    }
  return result;
}

/** A circle, as the path from a module back to itself. */
function circle(uses: Map<string, Set<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (module: string, path: string[]): string[] | undefined => {
    if (path.includes(module)) return [...path.slice(path.indexOf(module)), module];
    if (done.has(module)) return undefined;
    for (const used of uses.get(module) ?? []) {
      const found = visit(used, [...path, module]);
      if (found) return found;
    }
    done.add(module);
    return undefined;
  };
  for (const module of uses.keys()) {
    const found = visit(module, []);
    if (found) return found;
  }
  return undefined;
}

function modulesOfSrc(): Map<string, string> {
  const files = readdirSync(at('src'), { recursive: true, encoding: 'utf8' });
  const rust = files.filter((file) => file.endsWith('.rs') && !/\btests\b/.test(file) && file !== 'lib.rs');
  const name = (file: string) => file.replace(/(\/mod)?\.rs$/, '').replaceAll('/', '::');
  const code = (file: string) =>
    readFileSync(at('src', file), 'utf8')
      .replace(/\/\/.*/g, '')
      .replace(/\bpub\(in [^)]*\)/g, 'pub')
      .replace(/#\[cfg\(test\)\]\s*mod tests \{[\s\S]*/, '');
  return new Map(rust.map((file) => [name(file), code(file)]));
}

test('the modules of src/ have no circle', () => {
  const uses = usesOf(modulesOfSrc());
  const edges = [...uses.values()].reduce((sum, used) => sum + used.size, 0);
  assert.ok(uses.size > 90 && edges > 300, `found ${uses.size} modules with ${edges} uses`);
  assert.equal(circle(uses)?.join(' -> '), undefined);
});

test('a circle is found through groups, aliases and re-exports', () => {
  const sources = {
    a: 'use super::b::{self, c::{D as E}};',
    b: 'pub use c::D; mod c;',
    'b::c': 'fn f(_: crate::e::F) {}',
  };
  const found = (e: string) => circle(usesOf(new Map(Object.entries({ ...sources, e }))))?.join(' -> ');
  assert.equal(found('use crate::b::D;'), 'b::c -> e -> b::c');
  assert.equal(found('use crate::b::Other;'), 'b -> b::c -> e -> b');
  assert.equal(found('use core::fmt;'), undefined);
});

test('a circle is found through methods outside the module of their type', () => {
  const found = (extension: string) => {
    const sources = { t: 'pub struct T<P>(P);', [extension]: "use crate::t::T; impl<P: Q> T<'_, P> {}" };
    return circle(usesOf(new Map(Object.entries(sources).map(([name, code]) => [name, code.replace('; ', ';\n')]))));
  };
  assert.deepEqual(found('u'), ['t', 'u', 't']);
  assert.equal(found('t::u'), undefined);
});
