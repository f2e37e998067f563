// Sockets are not played: listeners can be registered, so that code which does so when it is loaded can be loaded,
// and every connection fails.

import type { Body } from './device.js';
import { Failure, REASONS } from './failures.js';
import { api, type Callbacks, start } from './wx-call.js';

export interface SocketOptions {
  url: string;
  // biome-ignore lint/suspicious/noExplicitAny: as the official typings have it.
  header?: any;
  protocols?: string[];
}

// biome-ignore lint/suspicious/noExplicitAny: no event ever comes.
type Listener = (event: any) => void;

export function sockets(body: Body) {
  const notPlayed = (): never => {
    throw new Failure(REASONS.socketsNotPlayed);
  };
  const ignored = (_: Listener): void => {};
  return {
    connectSocket(options: SocketOptions & Callbacks<object>) {
      start(body, 'connectSocket', options, notPlayed);
      return {
        onOpen: ignored,
        onMessage: ignored,
        onClose: ignored,
        onError: ignored,
        send: api<object, object>(body, 'sendSocketMessage', notPlayed),
        close: api<object, object>(body, 'closeSocket', notPlayed),
      };
    },
    sendSocketMessage: api<{ data: string | ArrayBuffer }, object>(body, 'sendSocketMessage', notPlayed),
    closeSocket: api<{ code?: number; reason?: string }, object>(body, 'closeSocket', notPlayed),
    onSocketOpen: ignored,
    onSocketMessage: ignored,
    onSocketClose: ignored,
    onSocketError: ignored,
  };
}
