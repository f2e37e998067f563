// The client of the whole mini program. Every require of this file returns the same one.
const { createAuth, realtimeLog, weappHost } = require('wxauth');

module.exports = createAuth({
  // The address of your edge. Add its domain to the server domains in the MP backend.
  edge: 'https://auth.example.com',
  host: weappHost(),
  log: realtimeLog(),
});
