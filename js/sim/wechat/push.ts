// Message push: events that WeChat sends to an app's server (§3.7), signed, and encrypted if the app has a key (§4.1).

import { encryptPush, pushSignature } from '../crypto.js';
import type { App } from './config.js';
import { identifier } from './users.js';
import type { World } from './world.js';

/** An event to push. */
export interface PushEvent {
  /** The user it is about. */
  user: string;
  /** Event name: `user_authorization_revoke`, `user_authorization_cancellation`, `user_info_modified`, or another. */
  event: string;
  /** Further fields of the message, such as `RevokeInfo: '8'`. */
  fields?: Record<string, string>;
}

/** The HTTP request of one message; tests can send it changed. */
export interface PushRequest {
  /** The app's `push_url` with the signature in its query. */
  url: string;
  /** The `content-type` header. */
  contentType: string;
  /** JSON or XML. */
  body: string;
}

/** The request that verifies a push address. */
export interface PushCheck {
  /** Address to get. */
  url: string;
  /** The body that the server must answer with. */
  echostr: string;
}

/** The outcome of a message, with the server's last answer. */
export interface PushResult {
  /** Whether the server answered 200 with `success` or an empty body. */
  accepted: boolean;
  /** Number of times the message was sent, 1 to 3. */
  attempts: number;
  /** HTTP status; 0 if no answer came. */
  status: number;
  /** Body of the answer. */
  body: string;
}

/** Time limit of an answer; after it the connection is closed and the message sent again (§3.7). */
const ANSWER_MS = 5_000;
/** Number of times a message is sent in all (§3.7). */
const ATTEMPTS = 3;

type Message = Record<string, string | number>;

const element = ([name, value]: [string, string | number]): string =>
  `<${name}>${typeof value === 'number' ? value : `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`}</${name}>`;

const FORMATS = {
  json: { type: 'application/json', write: (message: Message) => JSON.stringify(message) },
  xml: {
    type: 'text/xml',
    write: (message: Message) => `<xml>${Object.entries(message).map(element).join('')}</xml>`,
  },
};

/** Message push (§3.7). */
export class Push {
  constructor(private readonly world: World) {}

  private signedUrl(app: App, extra: (timestamp: string, nonce: string) => Record<string, string>): URL {
    if (!app.push_url || !app.push_token) throw new Error('the app needs push_url and push_token');
    const url = new URL(app.push_url);
    const timestamp = String(this.world.seconds());
    const nonce = String(Array.from(this.world.random.bytes(5)).reduce((sum, byte) => sum * 256 + byte, 0) % 1e10);
    const signature = pushSignature(app.push_token, timestamp, nonce);
    for (const [name, value] of Object.entries({ signature, timestamp, nonce, ...extra(timestamp, nonce) })) {
      url.searchParams.set(name, value);
    }
    return url;
  }

  /** The request that verifies a new address: the server must answer with `echostr`. */
  check(appid: string, echostr = this.world.random.word(16)): PushCheck {
    return { url: this.signedUrl(this.world.app(appid), () => ({ echostr })).href, echostr };
  }

  /** Composes the request of a message without sending it. */
  compose(appid: string, event: PushEvent): PushRequest {
    return this.request(appid, this.message(appid, event));
  }

  private message(appid: string, { user, event, fields = {} }: PushEvent): Message {
    return {
      ToUserName: `gh_${appid.slice(-12)}`,
      // Identifies the push service; the user is in OpenID (§3.7).
      FromUserName: identifier(`push service ${appid}`),
      CreateTime: this.world.seconds(),
      MsgType: 'event',
      Event: event,
      OpenID: this.world.users.account(appid, user).openid,
      AppID: appid,
      ...fields,
    };
  }

  private request(appid: string, message: Message): PushRequest {
    const app = this.world.app(appid);
    const { type, write } = FORMATS[app.push_format ?? 'json'];
    const plain = write(message);
    if (!app.encoding_aes_key) return { url: this.signedUrl(app, () => ({})).href, contentType: type, body: plain };
    const encrypted = encryptPush(app.encoding_aes_key, this.world.random.bytes(16), plain, appid);
    const url = this.signedUrl(app, (timestamp, nonce) => ({
      openid: String(message.OpenID),
      encrypt_type: 'aes',
      msg_signature: pushSignature(app.push_token as string, timestamp, nonce, encrypted),
    }));
    const body = write({ ToUserName: String(message.ToUserName), Encrypt: encrypted });
    return { url: url.href, contentType: type, body };
  }

  /**
   * Sends a message, and repeats it if no answer comes within 5 seconds: the same CreateTime, a new signature. Status
   * 200 with `success` or an empty body ends the repetition.
   */
  async send(appid: string, event: PushEvent, fetcher: typeof fetch = fetch): Promise<PushResult> {
    const message = this.message(appid, event);
    let last = { status: 0, body: '' };
    for (let attempts = 1; ; attempts++) {
      last = await this.attempt(this.request(appid, message), fetcher);
      const { status, body } = last;
      const accepted = status === 200 && (body === '' || body === 'success');
      const outcome = accepted ? 'accepted' : status ? `not accepted: ${status}` : 'no answer';
      this.world.log.add('wechat', `push ${event.event}`, outcome);
      const repeats = status === 0 || this.world.assume.push_repeats_after_error;
      if (accepted || !repeats || attempts === ATTEMPTS) return { accepted, attempts, ...last };
    }
  }

  private async attempt({ url, contentType, body }: PushRequest, fetcher: typeof fetch) {
    const timeLimit = new AbortController();
    const cancelTimer = this.world.clock.after(ANSWER_MS, () => timeLimit.abort());
    const noAnswer = { status: 0, body: '' };
    const timeout = new Promise<typeof noAnswer>((resolve) => {
      timeLimit.signal.addEventListener('abort', () => resolve(noAnswer));
    });
    const headers = { 'content-type': contentType };
    try {
      const answer = fetcher(url, { method: 'POST', headers, body, signal: timeLimit.signal }).then(
        async (response) => ({
          status: response.status,
          body: await response.text(),
        }),
      );
      // A custom `fetch` may ignore the signal.
      return await Promise.race([answer, timeout]);
    } catch {
      return noAnswer;
    } finally {
      cancelTimer();
    }
  }
}
