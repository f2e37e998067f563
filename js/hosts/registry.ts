// Where the machines of an app are kept, one per appid, so that several copies of this package share them.

export type Registry = Map<string, unknown>;

const registries = new WeakMap<object, Registry>();
const own: Registry = new Map();

/**
 * The machines of this app. Two copies of this package share one app object, and a property of it is all they have in
 * common. An object that takes no property gets a registry of this copy alone. Without an object (uni-app's web build
 * defines a `getApp` that returns nothing) the registry is this copy's, too.
 */
export function registryOn(holder: unknown): Registry {
  if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return own;
  const shared = holder as { __wxauth?: Registry };
  try {
    shared.__wxauth = shared.__wxauth || new Map();
    if (shared.__wxauth) return shared.__wxauth;
  } catch {
    // Frozen, or a proxy that refuses.
  }
  const registry = registries.get(holder) || new Map<string, unknown>();
  registries.set(holder, registry);
  return registry;
}
