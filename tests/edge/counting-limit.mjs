// A rate-limit binding that counts without a time window, so that a test does not depend on the minute it runs in.
export default function countingLimit({ LIMIT }) {
  const counts = new Map();
  return {
    async limit({ key }) {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return { success: count <= LIMIT };
    },
  };
}
