// The registry of an app's clients, one per appid, which all copies of this package share.

/** Clients by appid. */
export type Registry = Map<string, unknown>;

const registries = new WeakMap<object, Registry>();
const own: Registry = new Map();

/**
 * The registry in a property of `holder`, the app's object: two copies of this package have nothing else in common. If
 * `holder` accepts no property, or is not an object (uni-app's web build defines a `getApp` that returns undefined), the
 * registry belongs to this copy alone.
 */
export function registryOn(holder: unknown): Registry {
  if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return own;
  const shared = holder as { __wxauth?: Registry };
  try {
    shared.__wxauth = shared.__wxauth || new Map();
    if (shared.__wxauth) return shared.__wxauth;
  } catch {
    // A frozen object, or a proxy that rejects the property.
  }
  const registry = registries.get(holder) || new Map<string, unknown>();
  registries.set(holder, registry);
  return registry;
}
