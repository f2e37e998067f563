// KV without its cost: a map in the Worker's own isolate, for both alike. What a real KV takes would drown what differs.
export default function memoryKv() {
  const kept = new Map();
  return {
    get: async (name) => kept.get(name)?.slice().buffer ?? null,
    put: async (name, value) => void kept.set(name, new Uint8Array(value)),
    delete: async (name) => void kept.delete(name),
    list: async ({ prefix }) => ({
      keys: [...kept.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name })),
      list_complete: true,
    }),
  };
}
