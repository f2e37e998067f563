// Imports the weapp entry by name, since Taro resolves the bare `wxauth` to the web entry. Uses the JavaScript build,
// since Taro does not copy the wasm of a package.
import { createAuth, weappHost } from 'wxauth/weapp';

export default createAuth({
  edge: 'https://auth.example.com',
  host: weappHost({ wasm: false }),
});
