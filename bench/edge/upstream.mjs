// A WeChat that answers immediately: the openid of a code, or an access_token.
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
