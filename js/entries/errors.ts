// wxauth/errors: cause and remedy of every error code. Not part of the client's bundle: import it where errors are shown
// or logged.

export { declarations, type Explanation, errors, osFixes } from '../errors/client-errors.js';
export { type EdgeExplanation, edgeErrors } from '../errors/edge-errors.js';
