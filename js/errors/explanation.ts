/** Cause and remedy of one error code, in one language. */
export interface Explanation {
  /** Why the error occurred. */
  cause: string;
  /** The next step for the developer or the operator. */
  remedy: string;
}

/** An explanation in English and in Chinese. */
export interface Bilingual {
  /** In English. */
  en: Explanation;
  /** In Chinese. */
  zh: Explanation;
}

/** Builds the two languages from pairs of cause and remedy. */
export const explain = (en: [cause: string, remedy: string], zh: [cause: string, remedy: string]): Bilingual => ({
  en: { cause: en[0], remedy: en[1] },
  zh: { cause: zh[0], remedy: zh[1] },
});
