// uni-app's conditional compilation gives each build its host. The mini program uses the JavaScript build, since uni-app
// does not copy the wasm of a package.
// #ifdef MP-WEIXIN
import { createAuth, weappHost } from 'wxauth/weapp';
// #endif
// #ifdef H5
import { createAuth, webHost } from 'wxauth/web';
// #endif

const edge = 'https://auth.example.com';
// #ifdef MP-WEIXIN
const auth = createAuth({ edge, host: weappHost({ wasm: false }) });
// #endif
// #ifdef H5
const auth = createAuth({
  edge,
  appid: 'wx0ff1c1a100000000', // an official account, or a website app
  host: webHost({ login: { redirectUri: `${location.origin}/` } }),
});
// #endif

export default auth;
