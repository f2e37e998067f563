// A WeChat that answers at once: who a code is, and a token.
export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const body =
      pathname === '/sns/jscode2session'
        ? { openid: `o${searchParams.get('js_code')}`, session_key: 'tiihtNczf5v6AKRyjwEUhQ==' }
        : { access_token: 'token', expires_in: 7200 };
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'text/plain', 'content-length': String(text.length) };
    return new Response(text, { headers });
  },
};
