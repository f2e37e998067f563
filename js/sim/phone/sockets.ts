// Sockets are not simulated: every connection fails. Listeners can be registered, because some programs do so when they
// are loaded.

import type { Device } from './device.js';
import { CallError, REASONS } from './failures.js';
import { api, type Callbacks, start, type WxMethod } from './wx-call.js';

/** Options of `wx.connectSocket`. All are ignored. */
export interface SocketOptions {
  /** Address of the server, `wss://…`. */
  url: string;
  /** Request headers. */
  // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
  header?: any;
  /** Subprotocols. */
  protocols?: string[];
}

/** Options of `wx.sendSocketMessage`. */
export interface SocketMessage {
  /** Text or bytes. */
  data: string | ArrayBuffer;
}

/** Options of `wx.closeSocket`. */
export interface SocketClosing {
  /** Status code of the close frame. */
  code?: number;
  /** Reason in the close frame. */
  reason?: string;
}

/** Result of `wx.connectSocket`. No event is ever emitted. */
export interface SocketTask {
  /** Registers a listener. */
  onOpen(listener: SocketListener): void;
  /** Registers a listener. */
  onMessage(listener: SocketListener): void;
  /** Registers a listener. */
  onClose(listener: SocketListener): void;
  /** Registers a listener. */
  onError(listener: SocketListener): void;
  /** Fails. */
  send: WxMethod<object, object>;
  /** Fails. */
  close: WxMethod<object, object>;
}

/** Listener of a socket event. */
// biome-ignore lint/suspicious/noExplicitAny: no event is ever emitted.
export type SocketListener = (event: any) => void;

export function sockets(device: Device) {
  const unsupported = (): never => {
    throw new CallError(REASONS.noSockets);
  };
  const ignored = (_: SocketListener): void => {};
  return {
    /** `wx.connectSocket`. Fails: the simulator has no sockets. */
    connectSocket(options: SocketOptions & Callbacks<object>): SocketTask {
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
    /** `wx.sendSocketMessage`. Fails. */
    sendSocketMessage: api<SocketMessage, object>(device, 'sendSocketMessage', unsupported),
    /** `wx.closeSocket`. Fails. */
    closeSocket: api<SocketClosing, object>(device, 'closeSocket', unsupported),
    /** `wx.onSocketOpen`. The listener is never called. */
    onSocketOpen: ignored,
    /** `wx.onSocketMessage`. The listener is never called. */
    onSocketMessage: ignored,
    /** `wx.onSocketClose`. The listener is never called. */
    onSocketClose: ignored,
    /** `wx.onSocketError`. The listener is never called. */
    onSocketError: ignored,
  };
}
