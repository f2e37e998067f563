// Seeded pseudo-random values: the same seed gives the same codes and keys. They are not secret.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** The generator mulberry32. */
export class Random {
  private state: number;

  constructor(private readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** Starts again from the seed. */
  reset(): void {
    this.state = this.seed >>> 0;
  }

  private next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** Returns random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => Math.floor(this.next() * 256));
  }

  /** Returns letters and digits, the alphabet of WeChat's codes and tokens. */
  word(length: number): string {
    return Array.from({ length }, () => ALPHABET[Math.floor(this.next() * ALPHABET.length)]).join('');
  }

  /** Returns the request id of an error message, such as `632d16be-15ad5486-1e378de4`: time in seconds, random digits. */
  rid(seconds: number): string {
    const part = () =>
      Math.floor(this.next() * 4294967296)
        .toString(16)
        .padStart(8, '0');
    return `${seconds.toString(16).padStart(8, '0')}-${part()}-${part()}`;
  }
}
