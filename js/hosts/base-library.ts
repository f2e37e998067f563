// Versions of WeChat's base library, such as `2.21.3`.

/** Whether `version` is `wanted` or newer. Missing or malformed parts count as 0. */
export function atLeast(version: string, wanted: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, part] of wanted.split('.').entries()) {
    const difference = (parts[index] || 0) - Number(part);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
