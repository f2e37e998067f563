// Message push: what WeChat sends to an app's server when a person revokes or cancels (§3.7), signed and, where the
// app has a key, encrypted (§4.1).

import { encryptPush, pushSignature } from '../crypto.js';
import type { App } from './config.js';
import { identifier } from './users.js';
import type { World } from './world.js';

export interface PushEvent {
  user: string;
  /** `user_authorization_revoke`, `user_authorization_cancellation`, `user_info_modified`, or any other. */
  event: string;
  /** Further fields, such as `RevokeInfo: '8'`. */
  fields?: Record<string, string>;
}

/** The whole request, so that a test may also send it changed. */
export interface PushRequest {
  url: string;
  contentType: string;
  body: string;
}

/** The outcome of a message, with the server's last answer. */
export interface PushResult {
  accepted: boolean;
  /** How often it was sent. */
  attempts: number;
  /** 0 where no answer came. */
  status: number;
  body: string;
}

/** A server that has not answered by then is cut off and sent the same message again, three times in all (§3.7). */
const ANSWER_MS = 5_000;
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

export class Push {
  constructor(private readonly world: World) {}

  private signed(app: App, more: (timestamp: string, nonce: string) => Record<string, string>): URL {
    if (!app.push_url || !app.push_token) throw new Error('the app needs push_url and push_token');
    const url = new URL(app.push_url);
    const timestamp = String(this.world.seconds());
    const nonce = String(Array.from(this.world.random.bytes(5)).reduce((sum, byte) => sum * 256 + byte, 0) % 1e10);
    const signature = pushSignature(app.push_token, timestamp, nonce);
    for (const [name, value] of Object.entries({ signature, timestamp, nonce, ...more(timestamp, nonce) })) {
      url.searchParams.set(name, value);
    }
    return url;
  }

  /** What WeChat sends when the address is entered: the server must answer with `echostr`. */
  check(appid: string, echostr = this.world.random.word(16)): { url: string; echostr: string } {
    return { url: this.signed(this.world.app(appid), () => ({ echostr })).href, echostr };
  }

  compose(appid: string, event: PushEvent): PushRequest {
    return this.request(appid, this.message(appid, event));
  }

  private message(appid: string, { user, event, fields = {} }: PushEvent): Message {
    return {
      ToUserName: `gh_${appid.slice(-12)}`,
      // The platform's push service, not the user, who is in OpenID (§3.7).
      FromUserName: identifier(`push service ${appid}`),
      CreateTime: this.world.seconds(),
      MsgType: 'event',
      Event: event,
      OpenID: this.world.people.account(appid, user).openid,
      AppID: appid,
      ...fields,
    };
  }

  private request(appid: string, message: Message): PushRequest {
    const app = this.world.app(appid);
    const { type, write } = FORMATS[app.push_format ?? 'json'];
    const plain = write(message);
    if (!app.encoding_aes_key) return { url: this.signed(app, () => ({})).href, contentType: type, body: plain };
    const encrypted = encryptPush(app.encoding_aes_key, this.world.random.bytes(16), plain, appid);
    const url = this.signed(app, (timestamp, nonce) => ({
      openid: String(message.OpenID),
      encrypt_type: 'aes',
      msg_signature: pushSignature(app.push_token as string, timestamp, nonce, encrypted),
    }));
    const body = write({ ToUserName: String(message.ToUserName), Encrypt: encrypted });
    return { url: url.href, contentType: type, body };
  }

  /**
   * Sends it, again where no answer comes in time: the same message with the same CreateTime, signed anew. `success` or
   * an empty body ends it.
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
      const again = status === 0 || this.world.assume.push_repeats_after_error;
      if (accepted || !again || attempts === ATTEMPTS) return { accepted, attempts, ...last };
    }
  }

  private async attempt({ url, contentType, body }: PushRequest, fetcher: typeof fetch) {
    const late = new AbortController();
    const answered = this.world.clock.after(ANSWER_MS, () => late.abort());
    const silent = { status: 0, body: '' };
    const timeout = new Promise<typeof silent>((resolve) => {
      late.signal.addEventListener('abort', () => resolve(silent));
    });
    const headers = { 'content-type': contentType };
    try {
      const answer = fetcher(url, { method: 'POST', headers, body, signal: late.signal }).then(async (response) => ({
        status: response.status,
        body: await response.text(),
      }));
      // A fetcher need not heed the signal.
      return await Promise.race([answer, timeout]);
    } catch {
      return silent;
    } finally {
      answered();
    }
  }
}
