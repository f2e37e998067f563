// The IP list of an app: up to 10 addresses or ranges (docs/platform-facts.md §3.3).

/** Parses an IPv4 address, also one mapped into IPv6, into an integer; `undefined` if it is not one. */
function parseIpv4(ip: string): number | undefined {
  const parts = ip.replace(/^::ffff:/, '').split('.');
  const bytes = parts.map(Number);
  const valid = parts.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
  return valid ? bytes.reduce((sum, byte) => sum * 256 + byte, 0) : undefined;
}

/** Whether the list contains the caller's IP. Without a list, every caller is allowed. */
export function listed(list: string[] | undefined, ip: string): boolean {
  if (list === undefined) return true;
  return list.some((entry) => {
    const [address = '', length = '32'] = entry.split('/');
    const [wanted, given] = [parseIpv4(address), parseIpv4(ip)];
    if (wanted === undefined || given === undefined) return entry === ip;
    const size = 2 ** (32 - Number(length));
    return Math.floor(wanted / size) === Math.floor(given / size);
  });
}
