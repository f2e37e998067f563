// An independent subpackage contains its own copy of the package, wasm included. Once the main package is loaded, both
// use the same client.
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
