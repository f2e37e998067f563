// The shipped files as one script, for engines without file access.
import { readFileSync } from 'node:fs';
import { built } from '../built.mts';

/** The shipped files as one script that defines `load(wasm: boolean): Promise<module>`, for engines without files. */
export function standalone(): string {
  const files = Object.fromEntries(
    ['index.js', 'fallback.js'].map((file) => [file, readFileSync(built('weapp', file), 'utf8')]),
  );
  const wasm = readFileSync(built('weapp-check/wxauth.wasm'));
  const modules = Object.entries(files).map(
    ([file, source]) => `${JSON.stringify(file)}: function (require, module, exports) {${source}\n}`,
  );
  return `
    var BYTES = new Uint8Array([${wasm.join()}]);
    var NATIVE = WebAssembly;
    var MODULES = {${modules.join(',\n')}};
    function require(path) {
      var module = { exports: {} };
      MODULES[path.replace('./', '')](require, module, module.exports);
      return module.exports;
    }
    var wx = { getStorageSync: function () { return ''; }, setStorage: function () {}, getAppBaseInfo: function () { return { SDKVersion: '3.8.0', version: '8' }; } };
    var WXWebAssembly = { instantiate: function (path, imports) { return NATIVE.instantiate(BYTES, imports); } };
    function load(wasm) { return require('./index.js').weappHost({ wx: wx, wasm: wasm ? '/wxauth.wasm.br' : false }).load(); }`;
}
