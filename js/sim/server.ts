// The simulator as an HTTP server on Node. Loopback only, unless told otherwise: it knows every secret and tells them.

import { createServer, type Server } from 'node:http';
import { serve } from './api/index.js';
import type { WeChat } from './wechat/index.js';

export interface SimServer {
  url: string;
  close(): Promise<void>;
}

export async function startServer(wechat: WeChat, port = 0, host = '127.0.0.1'): Promise<SimServer> {
  const handle = serve(wechat);
  const server: Server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length && request.method !== 'GET' ? { body: Buffer.concat(chunks) } : {};
    const url = `http://${request.headers.host ?? host}${request.url}`;
    const method = request.method ?? 'GET';
    const ip = request.socket.remoteAddress;
    const reply = await handle(new Request(url, { method, signal: gone.signal, ...body }), ip ? { ip } : {});
    if (reply.type === 'error') return void request.socket.destroy();
    response.writeHead(reply.status, Object.fromEntries(reply.headers)).end(Buffer.from(await reply.arrayBuffer()));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address() as { port: number };
  return {
    url: `http://${host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
