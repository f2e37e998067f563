// The silent login begins here, unnoticed; nothing waits for it.
require('./auth.js');

App({});
