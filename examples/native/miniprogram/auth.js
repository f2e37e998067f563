// One machine for the whole program, whoever requires this file.
const { createAuth, realtimeLog, weappHost } = require('wxauth');

module.exports = createAuth({
  // Your edge; its domain must be on the server domain list of the MP backend.
  edge: 'https://auth.example.com',
  host: weappHost(),
  log: realtimeLog(),
});
