// Sockets are not simulated: every connection fails. Listeners can be registered, because some programs do so when they
// are loaded.

import type { Device } from './device.js';
import { CallError, REASONS } from './failures.js';
import { api, type Callbacks, start } from './wx-call.js';

export interface SocketOptions {
  url: string;
  // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
  header?: any;
  protocols?: string[];
}

// biome-ignore lint/suspicious/noExplicitAny: no event is ever emitted.
type Listener = (event: any) => void;

export function sockets(device: Device) {
  const unsupported = (): never => {
    throw new CallError(REASONS.noSockets);
  };
  const ignored = (_: Listener): void => {};
  return {
    connectSocket(options: SocketOptions & Callbacks<object>) {
      start(device, 'connectSocket', options, unsupported);
      return {
        onOpen: ignored,
        onMessage: ignored,
        onClose: ignored,
        onError: ignored,
        send: api<object, object>(device, 'sendSocketMessage', unsupported),
        close: api<object, object>(device, 'closeSocket', unsupported),
      };
    },
    sendSocketMessage: api<{ data: string | ArrayBuffer }, object>(device, 'sendSocketMessage', unsupported),
    closeSocket: api<{ code?: number; reason?: string }, object>(device, 'closeSocket', unsupported),
    onSocketOpen: ignored,
    onSocketMessage: ignored,
    onSocketClose: ignored,
    onSocketError: ignored,
  };
}
