// Message push: what WeChat sends to an app's server when a person revokes or cancels (§3.7), signed and, where the
// app has a key, encrypted (§4.1).

import { encryptPush, pushSignature } from '../crypto.js';
import type { App } from './config.js';
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

const element = ([name, value]: [string, string | number]): string =>
  `<${name}>${typeof value === 'number' ? value : `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`}</${name}>`;

const FORMATS = {
  json: { type: 'application/json', write: (message: Record<string, string | number>) => JSON.stringify(message) },
  xml: {
    type: 'text/xml',
    write: (message: Record<string, string | number>) => `<xml>${Object.entries(message).map(element).join('')}</xml>`,
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

  compose(appid: string, { user, event, fields = {} }: PushEvent): PushRequest {
    const app = this.world.app(appid);
    const { openid } = this.world.people.account(appid, user);
    const { type, write } = FORMATS[app.push_format ?? 'json'];
    const message = write({
      ToUserName: `gh_${appid.slice(-12)}`,
      FromUserName: openid,
      CreateTime: this.world.seconds(),
      MsgType: 'event',
      Event: event,
      OpenID: openid,
      AppID: appid,
      ...fields,
    });
    if (!app.encoding_aes_key) return { url: this.signed(app, () => ({})).href, contentType: type, body: message };
    const encrypted = encryptPush(app.encoding_aes_key, this.world.random.bytes(16), message, appid);
    const url = this.signed(app, (timestamp, nonce) => ({
      openid,
      encrypt_type: 'aes',
      msg_signature: pushSignature(app.push_token as string, timestamp, nonce, encrypted),
    }));
    return {
      url: url.href,
      contentType: type,
      body: write({ ToUserName: `gh_${appid.slice(-12)}`, Encrypt: encrypted }),
    };
  }

  /** Sends it; `success` or an empty body is the right answer. */
  async send(
    appid: string,
    event: PushEvent,
    fetcher: typeof fetch = fetch,
  ): Promise<{ status: number; body: string }> {
    const { url, contentType, body } = this.compose(appid, event);
    const response = await fetcher(url, { method: 'POST', headers: { 'content-type': contentType }, body });
    const answer = { status: response.status, body: await response.text() };
    const accepted = answer.status === 200 && (answer.body === '' || answer.body === 'success');
    this.world.log.add('wechat', `push ${event.event}`, accepted ? 'accepted' : `not accepted: ${answer.status}`);
    return answer;
  }
}
