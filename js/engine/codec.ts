// TextEncoder and TextDecoder for mini programs, which have none (docs/platform-facts.md §5.2): UTF-8, and only the
// calls that the glue makes. esbuild replaces the globals with these.

/** Decodes UTF-8. */
export class TextDecoder {
  decode(bytes: Uint8Array = new Uint8Array()): string {
    let text = '';
    for (let i = 0; i < bytes.length; ) {
      const lead = bytes[i++] as number;
      if (lead < 0x80) {
        text += String.fromCharCode(lead);
        continue;
      }
      // Strings from Rust are valid UTF-8, so the lead byte determines the length.
      const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
      let point = lead & (0x3f >> more);
      for (let n = 0; n < more; n++) point = (point << 6) | ((bytes[i++] as number) & 0x3f);
      text += String.fromCodePoint(point);
    }
    return text;
  }
}

/** Encodes UTF-8; a lone surrogate becomes U+FFFD. */
export class TextEncoder {
  encode(text: string): Uint8Array {
    const bytes: number[] = [];
    for (const char of text) {
      const point = char.codePointAt(0) as number;
      const scalar = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
      if (scalar < 0x80) bytes.push(scalar);
      else if (scalar < 0x800) bytes.push(0xc0 | (scalar >> 6), tail(scalar));
      else if (scalar < 0x10000) bytes.push(0xe0 | (scalar >> 12), tail(scalar >> 6), tail(scalar));
      else bytes.push(0xf0 | (scalar >> 18), tail(scalar >> 12), tail(scalar >> 6), tail(scalar));
    }
    return new Uint8Array(bytes);
  }

  encodeInto(text: string, view: Uint8Array): { read: number; written: number } {
    const bytes = this.encode(text);
    view.set(bytes);
    return { read: text.length, written: bytes.length };
  }
}

const tail = (bits: number): number => 0x80 | (bits & 0x3f);
