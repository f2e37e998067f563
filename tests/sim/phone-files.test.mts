// Uploads and downloads, with real HTTP. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { agreeToAll } from '../../js/sim/phone/prompts.js';
import type { Json } from '../harness.mts';
import { A, called, fake } from './sim.mts';

let base = '';
const seen: Array<{ request: IncomingMessage; body: string }> = [];
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  seen.push({ request, body: Buffer.concat(chunks).toString() });
  response.writeHead(request.url === '/missing' ? 404 : 200, { 'x-kind': 'file' }).end('{"n":1}');
});
before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

const phone = () => {
  const sim = fake();
  sim.wechat.permissions.agree(A, 'mei');
  return sim.phone({ onPrompt: agreeToAll });
};

test('a chosen avatar is uploaded as a form, and the reply is text (§1.2)', async () => {
  const { wx, press } = phone();
  const { avatarUrl } = (await press('chooseAvatar')) as { avatarUrl: string };
  const reply = await called(wx.uploadFile, {
    url: `${base}/avatar`,
    filePath: avatarUrl,
    name: 'avatar',
    formData: { user: 'mei' },
    header: { authorization: 'Bearer t' },
  });
  assert.deepEqual(reply, { data: '{"n":1}', statusCode: 200, errMsg: 'uploadFile:ok' });
  const { request, body } = seen.at(-1) as (typeof seen)[0];
  assert.deepEqual(
    [request.method, request.headers.authorization, request.headers.referer],
    ['POST', 'Bearer t', `https://servicewechat.com/${A}/devtools/page-frame.html`],
  );
  assert.match(request.headers['content-type'] ?? '', /^multipart\/form-data; boundary=/);
  assert.match(body, /name="user"\r\n\r\nmei\r\n/);
  assert.match(body, /name="avatar"; filename="\w+\.jpg"\r\nContent-Type: image\/jpeg/);
});

test('a download returns its status and a temporary path that can be uploaded (§1.8)', async () => {
  const { wx } = phone();
  const { tempFilePath, statusCode } = await called(wx.downloadFile, { url: `${base}/missing` });
  assert.equal(statusCode, 404);
  const kept = await called(wx.downloadFile, { url: `${base}/file`, filePath: `${wx.env.USER_DATA_PATH}/a.json` });
  assert.deepEqual([kept.filePath, kept.tempFilePath], ['http://usr/a.json', undefined]);
  for (const filePath of [tempFilePath, kept.filePath]) {
    await called(wx.uploadFile, { url: base, filePath, name: 'file' });
    assert.match(seen.at(-1)?.body ?? '', /\{"n":1\}/);
  }
});

test('an upload of a missing file fails, and a download can be aborted', async () => {
  const { wx } = phone();
  await assert.rejects(called(wx.uploadFile, { url: base, filePath: 'wxfile://tmp_gone', name: 'file' }), {
    errMsg: 'uploadFile:fail file not found',
  });
  const failure = await new Promise<Json>((fail) => wx.downloadFile({ url: base, fail }).abort());
  assert.equal(failure.errMsg, 'downloadFile:fail abort');
});

test('a task reports headers, and progress 100 at its end', async () => {
  const { wx } = phone();
  const seen: unknown[] = [];
  await new Promise<void>((done) => {
    const task = wx.downloadFile({ url: base, success: () => done() });
    task.onHeadersReceived(({ header }) => seen.push(header['x-kind']));
    task.onProgressUpdate(({ progress }) => seen.push(progress));
    const never = () => seen.push('never');
    task.onProgressUpdate(never);
    task.offProgressUpdate(never);
  });
  assert.deepEqual(seen, ['file', 100]);
});
