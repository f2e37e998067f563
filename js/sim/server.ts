// The simulator as an HTTP server on Node. Loopback only, unless told otherwise: it knows every secret and tells them.
// No request, complete or cut short, may end the process.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Handler, serve } from './api/index.js';
import type { WeChat } from './wechat/index.js';

export interface SimServer {
  url: string;
  close(): Promise<void>;
}

/** Longer bodies are answered with 413: no call of WeChat's needs a fraction of it. */
const BODY_LIMIT = 10 * 1024 * 1024;
/** Methods that `Request` refuses to represent. */
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK'];

const refused = (status: number): Response => new Response(null, { status, headers: { connection: 'close' } });

/** The whole body; undefined where it is too long. Throws when the client leaves in the middle of it. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > BODY_LIMIT) return undefined;
  }
  return Buffer.concat(chunks);
}

/** Path and query of the request line; undefined where it has none. The Host header is not read: it may be anything. */
function targetOf({ url = '' }: IncomingMessage): string | undefined {
  if (url.startsWith('/')) return url;
  if (!URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

async function answer(handle: Handler, incoming: IncomingMessage, signal: AbortSignal): Promise<Response> {
  const method = incoming.method ?? 'GET';
  if (FORBIDDEN.includes(method)) return refused(405);
  const target = targetOf(incoming);
  if (target === undefined) return refused(400);
  const body = await bodyOf(incoming);
  if (body === undefined) return refused(413);
  const url = `http://api.weixin.qq.com${target}`;
  if (!URL.canParse(url)) return refused(400);
  const type = incoming.headers['content-type'];
  const content = body.length && method !== 'GET' && method !== 'HEAD' ? { body } : {};
  const ip = incoming.socket.remoteAddress;
  return handle(
    new Request(url, { method, signal, ...content, ...(type ? { headers: { 'content-type': type } } : {}) }),
    ip ? { ip } : {},
  );
}

async function respond(handle: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  const reply = await answer(handle, incoming, gone.signal);
  // A dropped connection, which a fault asks for.
  if (reply.type === 'error') return void incoming.socket.destroy();
  const body = Buffer.from(await reply.arrayBuffer());
  outgoing.writeHead(reply.status, Object.fromEntries(reply.headers)).end(body);
}

export async function startServer(wechat: WeChat, port = 0, host = '127.0.0.1'): Promise<SimServer> {
  const handle = serve(wechat);
  const server = createServer((incoming, outgoing) => {
    respond(handle, incoming, outgoing).catch((error: Error) => {
      if (outgoing.headersSent || !incoming.complete) return void outgoing.destroy();
      wechat.world.log.add('wechat', 'server', `internal error: ${error.message}`);
      outgoing.writeHead(500, { connection: 'close' }).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address() as { port: number };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
