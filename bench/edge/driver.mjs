// Sends a batch of requests to one of the Workers, one after the other, inside the same workerd, so that no network is
// measured. A Worker's clock is frozen while it runs, so the caller measures the time.
export default {
  async fetch(request, env) {
    const { target, url, requests, chain } = await request.json();
    let ok = 0;
    let token = chain;
    const replies = [];
    for (const { body, authorization } of requests) {
      const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
      const sent = token === undefined ? body : body.replace('TOKEN', token);
      const reply = await env[target].fetch(url, { method: 'POST', headers, body: sent });
      const text = await reply.text();
      if (reply.status === 200) ok += 1;
      if (token !== undefined) token = JSON.parse(text).refresh_token;
      replies.push(text);
    }
    return Response.json({ ok, token, replies });
  },
};
