// wx.uploadFile and wx.downloadFile, for files that exist on the phone: a chosen avatar, a download. Their domain lists
// are not simulated (docs/platform-facts.md §1.2, §1.8).

import type { Device } from './device.js';
import { CallError, REASONS, wantString } from './failures.js';
import { referer } from './network.js';
import { type Send, TIMEOUT_MS } from './transport.js';
import { type Callbacks, start } from './wx-call.js';

/** Returns a new path of WeChat's temporary files. */
export const temporaryPath = ({ platform, random }: Device, extension: string): string =>
  `${platform === 'devtools' ? 'http://tmp/' : 'wxfile://tmp_'}${random.word(32)}.${extension}`;

/** Options that uploads and downloads share. */
export interface TransferOptions {
  /** Address of the server. */
  url: string;
  /** Request headers. */
  // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
  header?: any;
  /** Time limit in milliseconds. Default 60,000. */
  timeout?: number;
}

/** Options of `wx.uploadFile`. */
export interface UploadOptions extends TransferOptions {
  /** Path of a file on the phone. */
  filePath: string;
  /** Name of the form field that holds the file. */
  name: string;
  /** Further fields of the form. */
  // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
  formData?: any;
}

/** Options of `wx.downloadFile`. */
export interface DownloadOptions extends TransferOptions {
  /** Path to store the file at. Default: a new temporary path. */
  filePath?: string;
}

/** Result of `wx.uploadFile`. */
export interface Uploaded {
  /** The response body as text, also if it is JSON. */
  data: string;
  /** HTTP status. */
  statusCode: number;
}

/** Result of `wx.downloadFile`. */
export interface Downloaded {
  /** Temporary path of the file, unless `filePath` was passed. */
  tempFilePath?: string;
  /** The path that was passed. */
  filePath?: string;
  /** HTTP status. */
  statusCode: number;
}

/** Progress of an upload or a download. */
export interface Progress {
  /** Percent; the simulator reports only 100. */
  progress: number;
}

/** Listener of an upload's or a download's progress. */
export type ProgressListener = (progress: Progress) => void;
/** The response headers of a transfer. */
export interface ReceivedHeaders {
  /** Values by lower-case name. */
  header: Record<string, string>;
}

/** Listener that receives the response headers. */
export type HeadersListener = (result: ReceivedHeaders) => void;

/** Result of `wx.uploadFile` and `wx.downloadFile`, before the transfer ends. */
export interface TransferTask {
  /** Ends the transfer: it fails with `abort`. */
  abort(): void;
  /** The listener runs once, at the end. */
  onProgressUpdate(listener: ProgressListener): void;
  /** Removes one listener, or all. */
  offProgressUpdate(listener?: ProgressListener): void;
  /** The listener runs when the response headers have come. */
  onHeadersReceived(listener: HeadersListener): void;
  /** Removes one listener, or all. */
  offHeadersReceived(listener?: HeadersListener): void;
}

export function files(device: Device, send: Send) {
  function run<Given extends TransferOptions, Result extends object>(
    name: 'uploadFile' | 'downloadFile',
    options: Given & Callbacks<Result>,
    request: (given: Given) => RequestInit,
    result: (given: Given, response: Response) => Promise<Result>,
  ): TransferTask {
    const aborted = new AbortController();
    const progress = listeners<Progress>();
    const headers = listeners<ReceivedHeaders>();
    const work = async (given: Given, { signal: expired }: { signal: AbortSignal }) => {
      wantString('url', given.url);
      if (!URL.canParse(given.url)) throw new CallError(REASONS.badUrl);
      const init = request(given);
      return send({ expired, aborted: aborted.signal }, async (signal) => {
        const sent = new Headers({ referer: referer(device) });
        for (const [name, value] of Object.entries(given.header ?? {})) sent.set(name, String(value));
        const response = await device.fetch(new URL(given.url), { ...init, headers: sent, signal });
        headers.emit({ header: Object.fromEntries(response.headers) });
        const outcome = await result(given, response);
        progress.emit({ progress: 100 });
        return outcome;
      });
    };
    start(device, name, options, work, { timeLimit: async ({ timeout = TIMEOUT_MS }) => timeout });
    return {
      abort: () => aborted.abort(),
      onProgressUpdate: progress.on,
      offProgressUpdate: progress.off,
      onHeadersReceived: headers.on,
      offHeadersReceived: headers.off,
    };
  }

  return {
    /** `wx.uploadFile`. Sends a file of the phone as `multipart/form-data` (§1.8). */
    uploadFile: (options: UploadOptions & Callbacks<Uploaded>): TransferTask =>
      run<UploadOptions, Uploaded>(
        'uploadFile',
        options,
        ({ filePath, name, formData = {} }) => {
          wantString('filePath', filePath);
          wantString('name', name);
          const file = device.files.get(filePath);
          if (!file) throw new CallError(REASONS.fileNotFound);
          const form = new FormData();
          for (const [field, value] of Object.entries(formData)) form.set(field, String(value));
          form.set(name, file, filePath.split('/').at(-1));
          return { method: 'POST', body: form };
        },
        async (_, response) => ({ data: await response.text(), statusCode: response.status }),
      ),
    /** `wx.downloadFile`. Stores the response body as a file of the phone. */
    downloadFile: (options: DownloadOptions & Callbacks<Downloaded>): TransferTask =>
      run<DownloadOptions, Downloaded>(
        'downloadFile',
        options,
        () => ({ method: 'GET' }),
        async ({ filePath }, response) => {
          const path = filePath ?? temporaryPath(device, 'tmp');
          device.files.set(path, await response.blob());
          return { ...(filePath ? { filePath } : { tempFilePath: path }), statusCode: response.status };
        },
      ),
  };
}

function listeners<Event>() {
  const all = new Set<(event: Event) => void>();
  return {
    on: (listener: (event: Event) => void): void => void all.add(listener),
    off: (listener?: (event: Event) => void): void => (listener ? void all.delete(listener) : all.clear()),
    emit: (event: Event): void => {
      for (const listener of all) listener(event);
    },
  };
}
