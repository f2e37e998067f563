// `auth.state` in a native page's or component's data: `behaviors: [authBehavior(auth)]`, then `{{auth.session}}`.

import type { Auth } from './auth.js';

interface Instance {
  setData(data: object): void;
  __stopAuth?: () => void;
}

declare const Behavior: (definition: object) => string;

/** The state stands under `field`, from attaching to detaching. */
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
