// An app's list of callers: up to ten addresses or ranges (§3.3).

/** IPv4 in dots, also as it is written in IPv6. */
function bits(ip: string): number | undefined {
  const parts = ip.replace(/^::ffff:/, '').split('.');
  const bytes = parts.map(Number);
  const good = parts.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
  return good ? bytes.reduce((sum, byte) => sum * 256 + byte, 0) : undefined;
}

/** Without a list, everybody may call. */
export function listed(list: string[] | undefined, ip: string): boolean {
  if (list === undefined) return true;
  return list.some((entry) => {
    const [address = '', length = '32'] = entry.split('/');
    const [wanted, given] = [bits(address), bits(ip)];
    if (wanted === undefined || given === undefined) return entry === ip;
    const size = 2 ** (32 - Number(length));
    return Math.floor(wanted / size) === Math.floor(given / size);
  });
}
