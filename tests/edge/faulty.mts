// KV with faults: faulty-kv.mjs replaces the binding SESSIONS and passes calls on to the real namespace.
import { at } from '../../scripts/shell.mts';
import type { WorldOptions } from '../harness.mts';

/** Options for `startWorld`. `fault` returns the fault of an operation on a key, or undefined for none. */
export const faultyKv = (
  fault: (operation: string, name: string) => string | undefined,
): Required<Pick<WorldOptions, 'more' | 'beside'>> => ({
  more: { kvNamespaces: ['REAL'], wrappedBindings: { SESSIONS: { scriptName: 'faulty-kv', bindings: {} } } },
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
