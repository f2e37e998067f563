// A parser of WebAssembly MVP. It throws on every newer feature.

interface Border {
  name: string;
  kind: 'function' | 'table' | 'memory' | 'global';
  /** Parameters and results. */
  signature?: string[] | undefined;
}

export interface Module {
  imports: Border[];
  exports: Border[];
  tables: number;
  memories: Array<{ min: number; max: number | undefined }>;
  passiveSegments: number;
  opcodes: Map<number, number>;
  instructions: number;
}

const KINDS = ['function', 'table', 'memory', 'global'] as const;
const TYPES: Record<number, string> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64', 112: 'funcref' };

class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error('cut short');
    return byte;
  }

  /** LEB128, its value only meant for small ones. */
  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Uint8Array {
    const part = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }

  name(): string {
    return Buffer.from(this.take(this.leb())).toString();
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.leb() }, item);
  }

  type(): string {
    const byte = this.byte();
    const type = TYPES[byte];
    if (!type) throw new Error(`value type 0x${byte.toString(16)} is newer than the MVP`);
    return type;
  }

  limits(): { min: number; max: number | undefined } {
    const flags = this.byte();
    if (flags > 1) throw new Error('shared or 64-bit limits');
    const min = this.leb();
    return { min, max: flags ? this.leb() : undefined };
  }
}

/** Reads one instruction and its immediates; gives its opcode. */
function instruction(code: Reader): number {
  const opcode = code.byte();
  if (opcode >= 0x02 && opcode <= 0x04) {
    const block = code.byte();
    if (block !== 0x40 && !TYPES[block]) throw new Error('a block of several values');
  } else if ([0x0c, 0x0d, 0x10].includes(opcode) || (opcode >= 0x20 && opcode <= 0x24)) {
    code.leb();
  } else if (opcode === 0x0e) {
    code.list(() => code.leb());
    code.leb();
  } else if (opcode === 0x11) {
    code.leb();
    if (code.byte() !== 0) throw new Error('call_indirect through another table');
  } else if (opcode >= 0x28 && opcode <= 0x3e) {
    code.leb();
    code.leb();
  } else if (opcode === 0x3f || opcode === 0x40) {
    if (code.byte() !== 0) throw new Error('another memory');
  } else if (opcode === 0x41 || opcode === 0x42) {
    code.leb();
  } else if (opcode === 0x43) {
    code.take(4);
  } else if (opcode === 0x44) {
    code.take(8);
  } else if (![0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b].includes(opcode) && !(opcode >= 0x45 && opcode <= 0xbf)) {
    throw new Error(`opcode 0x${opcode.toString(16)} is newer than the MVP`);
  }
  return opcode;
}

/** A constant expression, to its end. */
function constant(reader: Reader): void {
  while (instruction(reader) !== 0x0b);
}

export function parseModule(bytes: Uint8Array): Module {
  const file = new Reader(bytes);
  if (Buffer.from(file.take(8)).toString('hex') !== '0061736d01000000') throw new Error('no wasm');
  const module: Module = {
    imports: [],
    exports: [],
    tables: 0,
    memories: [],
    passiveSegments: 0,
    opcodes: new Map(),
    instructions: 0,
  };
  let types: string[][] = [];
  const functions: Array<string[] | undefined> = [];
  while (file.at < bytes.length) {
    const id = file.byte();
    const section = new Reader(file.take(file.leb()));
    switch (id) {
      case 0:
        break;
      case 1:
        types = section.list(() => {
          if (section.byte() !== 0x60) throw new Error('a type that is not a function');
          const parameters = section.list(() => section.type());
          const results = section.list(() => section.type());
          if (results.length > 1) throw new Error('multi-value');
          return [...parameters, ...results];
        });
        break;
      case 2:
        module.imports = section.list(() => {
          const name = `${section.name()} ${section.name()}`;
          if (section.byte() !== 0) throw new Error(`${name} is not a function`);
          const signature = types[section.leb()];
          functions.push(signature);
          return { name, kind: 'function', signature };
        });
        break;
      case 3:
        for (const type of section.list(() => section.leb())) functions.push(types[type]);
        break;
      case 4:
        module.tables = section.list(() => [section.type(), section.limits()]).length;
        break;
      case 5:
        module.memories = section.list(() => section.limits());
        break;
      case 6:
        section.list(() => [section.type(), section.byte(), constant(section)]);
        break;
      case 7:
        module.exports = section.list(() => {
          const name = section.name();
          const kind = KINDS[section.byte()];
          if (!kind) throw new Error(`${name} is of a kind newer than the MVP`);
          const index = section.leb();
          return { name, kind, signature: kind === 'function' ? functions[index] : undefined };
        });
        break;
      case 9:
        section.list(() => {
          if (section.leb() !== 0) module.passiveSegments += 1;
          constant(section);
          return section.list(() => section.leb());
        });
        break;
      case 10:
        section.list(() => {
          const body = new Reader(section.take(section.leb()));
          body.list(() => [body.leb(), body.type()]);
          while (body.at < body.bytes.length) {
            const opcode = instruction(body);
            module.opcodes.set(opcode, (module.opcodes.get(opcode) ?? 0) + 1);
            module.instructions += 1;
          }
        });
        break;
      case 11:
        section.list(() => {
          if (section.leb() !== 0) module.passiveSegments += 1;
          constant(section);
          return section.take(section.leb());
        });
        break;
      default:
        throw new Error(`section ${id} is newer than the MVP`);
    }
  }
  return module;
}
