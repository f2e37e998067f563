// `npm run keys`: makes the edge's three keys, as `wrangler secret put` takes them.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

export interface Keys {
  SIGNING_KEYS: string;
  SEALING_KEYS: string;
  NAME_KEY: string;
}

export function makeKeys(): Keys {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y, d } = privateKey.export({ format: 'jwk' });
  const sealing = randomBytes(32);
  const kid = createHash('sha256').update(sealing).digest('hex').slice(0, 8);
  return {
    SIGNING_KEYS: JSON.stringify({ keys: [{ kty, crv, x, y, d }] }),
    SEALING_KEYS: JSON.stringify({ keys: [{ kty: 'oct', kid, k: sealing.toString('base64url') }] }),
    NAME_KEY: randomBytes(32).toString('base64url'),
  };
}

export function printKeys(): void {
  for (const [name, value] of Object.entries(makeKeys())) console.log(`${name}=${value}`);
}
