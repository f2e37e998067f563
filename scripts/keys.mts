// `npm run keys`: makes the edge's keys, in the form that `wrangler secret put` takes. `-- signing` and `-- sealing` make
// one key for an existing set (docs/operations.md), `-- backend` makes the secret of a backend.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

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

/** The kinds that commands.mjs accepts. */
export type Kind = 'signing' | 'sealing' | 'backend';

const ONE: Record<Kind, () => string> = {
  signing: () => JSON.stringify(signingKey()),
  sealing: () => JSON.stringify(sealingKey()),
  backend: random,
};

export function printKeys(kind?: Kind): void {
  if (kind === undefined) {
    for (const [name, value] of Object.entries(makeKeys())) console.log(`${name}=${value}`);
    return;
  }
  console.log(ONE[kind]());
}
