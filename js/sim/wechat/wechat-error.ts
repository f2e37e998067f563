// Errcodes and their messages, as WeChat's servers send them (docs/platform-facts.md §3).

/** Messages as observed or as in the official table of errcodes. A question mark: no source has the text. */
const MESSAGES: Record<number, string> = {
  [-1]: 'system error',
  1003: 'frequency limit', // ?
  40001: 'invalid credential, access_token is invalid or not latest',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40030: 'invalid refresh_token',
  40066: 'invalid url',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40226: 'code blocked',
  40243: 'appsecret frozen', // ?
  41001: 'access_token missing',
  41002: 'appid missing',
  41003: 'refresh_token missing', // seen in co-wechat-oauth's tests
  41004: 'appsecret missing',
  41008: 'missing code',
  41018: 'missing component_appid',
  42001: 'access_token expired',
  43002: 'require POST method',
  44002: 'empty post data',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  47001: 'data format error',
  48001: 'api unauthorized',
  50007: 'account frozen', // ?
  61003: 'component is not authorized by this account', // ?
  61006: 'component ticket is invalid',
  61011: 'invalid component',
  87007: 'session_key is not existd or expired',
  87008: 'invalid sig_method',
  87009: 'invalid signature',
};

/** An errcode of WeChat, as an exception. The simulated server answers with it. */
export class WeChatError extends Error {
  /** Identifies the class, also across two copies of this package. */
  override readonly name = 'WeChatError';

  /** `errmsg` defaults to WeChat's message for this errcode. */
  constructor(
    /** WeChat's errcode (§3). */
    readonly errcode: number,
    errmsg = MESSAGES[errcode] ?? 'system error',
  ) {
    super(errmsg);
  }
}

/** Checks the name, not the class: `require` and `import` of this package in one process load two copies. */
export const isWeChatError = (error: unknown): error is WeChatError =>
  error instanceof Error && error.name === 'WeChatError';

/** Throws `WeChatError` with this errcode unless the condition holds. */
export const ensure: (condition: unknown, errcode: number) => asserts condition = (condition, errcode) => {
  if (!condition) throw new WeChatError(errcode);
};
