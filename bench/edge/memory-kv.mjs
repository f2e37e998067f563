// KV as a map in the Worker's own isolate, for both Workers: the time of a real KV would hide their difference.
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
