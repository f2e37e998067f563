// A world's KV with faults in front of it: faulty-kv.mjs stands where the binding stands.
import { at } from '../../scripts/shell.mts';
import type { WorldOptions } from '../harness.mts';

/** `fault` says what happens to an operation on a key; undefined where it goes on as ever. */
export const faultyKv = (
  fault: (operation: string, name: string) => string | undefined,
): Pick<WorldOptions, 'more' | 'beside'> => ({
  more: {
    kvNamespaces: ['REAL'],
    wrappedBindings: { SESSIONS: { scriptName: 'faulty-kv', bindings: {} } },
  },
  beside: [
    {
      name: 'faulty-kv',
      modules: [{ type: 'ESModule', path: at('tests/edge/faulty-kv.mjs') }],
      modulesRoot: at('tests/edge'),
      kvNamespaces: { REAL: 'REAL' },
      serviceBindings: {
        CONTROL: (request: { url: string }) => {
          const { searchParams } = new URL(request.url);
          const operation = searchParams.get('operation') ?? '';
          return new Response(fault(operation, searchParams.get('name') ?? '') ?? 'none') as never;
        },
      },
    } as never,
  ],
});
