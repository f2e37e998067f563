// The simulator as an HTTP server on Node. It listens on loopback by default, because its control API shows
// session keys, codes and tokens. No request, complete or truncated, may end the process.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Handler, serve } from './api/index.js';
import type { WeChat } from './wechat/index.js';

/** A running server. */
export interface SimServer {
  /** Base URL, such as `http://127.0.0.1:8788`. */
  url: string;
  /** Closes the server and every connection. */
  close(): Promise<void>;
}

/** Maximum size of a body in bytes; longer bodies are answered with 413. */
const MAX_BODY = 10 * 1024 * 1024;
/** Methods that a `Request` cannot have. */
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK'];

const rejection = (status: number): Response => new Response(null, { status, headers: { connection: 'close' } });

/** Returns the whole body; `undefined` if it is too long. Throws if the client disconnects before its end. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_BODY) return undefined;
  }
  return Buffer.concat(chunks);
}

/** Returns path and query of the request line; `undefined` if it has none. The Host header may be malformed, and is not read. */
function targetOf({ url = '' }: IncomingMessage): string | undefined {
  if (url.startsWith('/')) return url;
  if (!URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

async function answer(handle: Handler, incoming: IncomingMessage, signal: AbortSignal): Promise<Response> {
  const method = incoming.method ?? 'GET';
  if (FORBIDDEN.includes(method)) return rejection(405);
  const target = targetOf(incoming);
  if (target === undefined) return rejection(400);
  const body = await bodyOf(incoming);
  if (body === undefined) return rejection(413);
  const url = `http://api.weixin.qq.com${target}`;
  if (!URL.canParse(url)) return rejection(400);
  const type = incoming.headers['content-type'];
  const content = body.length && method !== 'GET' && method !== 'HEAD' ? { body } : {};
  const ip = incoming.socket.remoteAddress;
  return handle(
    new Request(url, { method, signal, ...content, ...(type ? { headers: { 'content-type': type } } : {}) }),
    ip ? { ip } : {},
  );
}

async function respond(handle: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const disconnected = new AbortController();
  outgoing.on('close', () => disconnected.abort());
  const reply = await answer(handle, incoming, disconnected.signal);
  // The fault `drop`: close the connection without an answer.
  if (reply.type === 'error') return void incoming.socket.destroy();
  const body = Buffer.from(await reply.arrayBuffer());
  outgoing.writeHead(reply.status, Object.fromEntries(reply.headers)).end(body);
}

/**
 * Starts a server for this WeChat. Port 0, the default, is any free port. Rejects if the port is in use.
 */
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
