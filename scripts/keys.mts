// `npm run keys`: makes the edge's keys, as `wrangler secret put` takes them. `npm run keys -- signing` and
// `-- sealing` make one to put into a set that exists (docs/operations.md), `-- backend` a backend's secret.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Sorry } from './shell.mts';

export interface Keys {
  SIGNING_KEYS: string;
  SEALING_KEYS: string;
  NAME_KEY: string;
}

function signingKey(): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y, d } = privateKey.export({ format: 'jwk' });
  return { kty, crv, x, y, d };
}

const random = (): string => randomBytes(32).toString('base64url');
const sealingKey = (): object => ({ kty: 'oct', k: random() });

export function makeKeys(): Keys {
  return {
    SIGNING_KEYS: JSON.stringify({ keys: [signingKey()] }),
    SEALING_KEYS: JSON.stringify({ keys: [sealingKey()] }),
    NAME_KEY: random(),
  };
}

const ONE: Record<string, () => string> = {
  signing: () => JSON.stringify(signingKey()),
  sealing: () => JSON.stringify(sealingKey()),
  backend: random,
};

export function printKeys([kind]: string[]): void {
  if (kind === undefined) {
    for (const [name, value] of Object.entries(makeKeys())) console.log(`${name}=${value}`);
    return;
  }
  const make = ONE[kind];
  if (!make) throw new Sorry(`no such key: ${kind}. There are ${Object.keys(ONE).join(', ')}.`);
  console.log(make());
}
