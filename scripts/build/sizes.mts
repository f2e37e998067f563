// Writes the size of every shipped file to dist/sizes.json, and prints them as a table.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { at, files } from '../shell.mts';

interface Size {
  raw: number;
  gzip: number;
  brotli: number;
}

const FOLDERS = ['weapp', 'web', 'node', 'edge'];

function measure(file: string): Size {
  const bytes = readFileSync(file);
  const gzip = gzipSync(bytes, { level: 9 }).length;
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  return { raw: bytes.length, gzip, brotli };
}

export function writeSizes(print = false): void {
  const sizes: Record<string, Record<string, Size | number>> = {};
  const rows: string[][] = [];
  for (const folder of FOLDERS) {
    const measured: Record<string, Size | number> = {};
    let packageBytes = 0;
    for (const file of files([at('dist', folder)])) {
      const name = relative(at('dist', folder), file);
      // Source maps are for debuggers; WeChat's compiler does not package them.
      if (name.endsWith('.map')) continue;
      const size = measure(file);
      measured[name] = size;
      rows.push([join(folder, name), ...[size.raw, size.gzip, size.brotli].map((n) => n.toLocaleString('en'))]);
      // WeChat counts uncompressed files; types are not uploaded (§5.6).
      if (!name.endsWith('.d.ts')) packageBytes += size.raw;
    }
    if (folder === 'weapp') measured.package_bytes = packageBytes;
    sizes[folder] = measured;
  }
  writeFileSync(at('dist', 'sizes.json'), `${JSON.stringify(sizes, null, 2)}\n`);
  if (!print) return;
  table(['file', 'raw', 'gzip', 'brotli'], rows);
  console.log(`weapp package: ${(sizes.weapp?.package_bytes ?? 0).toLocaleString('en')} bytes of the 2 MB`);
}

function table(head: string[], rows: string[][]): void {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  console.log([line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n'));
}
