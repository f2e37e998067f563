// Starts the silent login; the launch does not wait for it.
require('./auth.js');

App({});
