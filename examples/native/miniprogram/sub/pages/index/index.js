// An independent subpackage has its own copy of the module, wasm included; the machine is shared with the main package
// once that is there.
const { createAuth, weappHost } = require('wxauth');

const auth = createAuth({
  edge: 'https://auth.example.com',
  host: weappHost({ wasm: '/sub/miniprogram_npm/wxauth/wxauth.wasm.br' }),
});

Page({
  data: { session: '' },
  onLoad() {
    auth.ready().then(({ session }) => this.setData({ session }));
  },
});
