// wxauth/sim/server: the simulator as an HTTP server on Node.

export { type SimServer, startServer } from '../sim/http-server.js';
