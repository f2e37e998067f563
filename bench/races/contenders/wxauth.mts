import { client } from '../../../tests/client/world.mts';
import type { Contender } from '../contender.mts';
import { API } from '../rig.mts';

export const wxauth: Contender = {
  name: 'wxauth',
  start({ wx, edge }) {
    const auth = client.createAuth({ edge, host: client.weappHost({ wx }), origins: [API] });
    return {
      async request(path) {
        const { statusCode } = await auth.request({ url: API + path });
        if (statusCode !== 200) throw new Error(`status ${statusCode}`);
      },
      phone: (detail) => auth.phone(detail),
    };
  },
};
