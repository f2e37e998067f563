// uni-app does not copy a package's wasm, and `import 'wxauth'` would take the web entry: the weapp entry by name, with
// the JavaScript fallback in place of the wasm.
import { createAuth, weappHost } from 'wxauth/weapp';

export default createAuth({
  edge: 'https://auth.example.com',
  host: weappHost({ wasm: false }),
});
