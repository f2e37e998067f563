// The registry with one machine per appid works with any result of a platform's `getApp()`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuth } from '../../js/client/create-auth.js';
import { type WxLike, wxHost } from '../../js/hosts/wx-host.js';

const refusing = new Proxy({}, { set: () => false, defineProperty: () => false });
const forgetful = new Proxy({}, { set: () => true });

for (const [name, holder] of [
  ['nothing, as in uni-app’s web build', undefined],
  ['null', null],
  ['a string', 'app'],
  ['a number', 0],
  ['an object', {}],
  ['a function', () => {}],
  ['a frozen object', Object.freeze({})],
  ['an object that refuses properties', refusing],
  ['an object that forgets properties', forgetful],
] as const) {
  test(`an app object that is ${name} has one registry`, () => {
    const wx = { getAppBaseInfo: () => ({ SDKVersion: '3.0.0' }) } as unknown as WxLike;
    const host = () => wxHost(wx, holder, () => Promise.reject(new Error('no core is needed here')));
    host().registry.set('wx1', 'machine');
    assert.equal(host().registry.get('wx1'), 'machine');
    host().registry.delete('wx1');
  });
}

test('a `wx` of another platform is reported as such, as in uni-app’s web build', () => {
  const wx = { getAppBaseInfo: () => ({ SDKVersion: '3.0.0' }) } as unknown as WxLike;
  const host = wxHost(wx, undefined, () => Promise.reject(new Error('no core is needed here')));
  assert.throws(() => createAuth({ edge: 'https://auth.example.com', host }), {
    code: 'invalid_argument',
    message: /On a web page use webHost/,
  });
});
