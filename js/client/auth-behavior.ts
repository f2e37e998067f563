// `auth.state` in the data of a native page or component: `behaviors: [authBehavior(auth)]`, then `{{auth.session}}`.

import type { Auth } from './auth.js';

interface Instance {
  setData(data: object): void;
  __stopAuth?: () => void;
}

declare const Behavior: (definition: object) => string;

/**
 * Returns a behavior that keeps `auth.state` in the data's `field` while the page or component is attached. For mini
 * programs only: it calls the platform's `Behavior`.
 */
export function authBehavior(auth: Auth, field = 'auth'): string {
  return Behavior({
    data: { [field]: auth.state },
    lifetimes: {
      attached(this: Instance) {
        const show = (state: unknown) => this.setData({ [field]: state });
        show(auth.state);
        this.__stopAuth = auth.subscribe(show);
      },
      detached(this: Instance) {
        this.__stopAuth?.();
      },
    },
  });
}
