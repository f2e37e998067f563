// The shipped Worker with an adjustable clock: the header `x-clock` of a request sets its offset from real time, in
// milliseconds.
const RealDate = Date;
let later = 0;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length > 0) super(...given);
    else super(RealDate.now() + later);
  }
  static now() {
    return RealDate.now() + later;
  }
};
const { default: edge } = await import('./index.js');

export default {
  fetch(request, env, ctx) {
    later = Number(request.headers.get('x-clock') ?? later);
    return edge.fetch(request, env, ctx);
  },
};
