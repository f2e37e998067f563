// A KV binding that asks the test (CONTROL) for a fault before each operation, and otherwise calls the real namespace.
export default function faultyKv({ REAL, CONTROL }) {
  const fault = async (operation, name) => {
    const reply = await CONTROL.fetch(`http://control/?operation=${operation}&name=${encodeURIComponent(name)}`);
    const kind = await reply.text();
    if (kind === 'hang') return new Promise(() => {});
    if (kind === 'slow') await scheduler.wait(4_000);
    if (kind === '429') throw new Error(`KV ${operation.toUpperCase()} failed: 429 Too Many Requests`);
    if (kind === '500') throw new Error(`KV ${operation.toUpperCase()} failed: 500 Internal Server Error`);
    return kind;
  };
  return {
    async get(name, type) {
      const kind = await fault('get', name);
      if (kind === 'missing') return null;
      // Real KV never does this: reading the value throws inside the Worker's wasm.
      if (kind === 'throws inside' || kind === 'traps inside')
        return new Proxy(
          {},
          {
            get: (_, name) => {
              // `await` reads it before the Worker gets the value.
              if (name === 'then') return undefined;
              // The second is the error of a trap in wasm.
              throw kind === 'throws inside' ? new Error('inside') : new WebAssembly.RuntimeError('unreachable');
            },
          },
        );
      return REAL.get(name, type);
    },
    async put(name, value, options) {
      const kind = await fault('put', name);
      return kind === 'lost' ? undefined : REAL.put(name, value, options);
    },
    async delete(name) {
      await fault('delete', name);
      return REAL.delete(name);
    },
    async list(options) {
      await fault('list', options.prefix);
      return REAL.list(options);
    },
  };
}
