// Entry of wxauth/errors: cause and remedy of every error code, in English and Chinese. It is a file of its own, so
// that applications that do not show these texts do not carry them. `npm run docs` renders docs/errors.md from it.

export { errors } from '../errors/client-errors.js';
export { type EdgeExplanation, edgeErrors } from '../errors/edge-errors.js';
export type { Bilingual, Explanation } from '../errors/explanation.js';
export { declarations, osFixes } from '../errors/permission-fixes.js';
