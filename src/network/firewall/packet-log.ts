/** A packet the firewall refused. Port and user are null where the packet has none. */
export interface PacketRefusal {
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'other';
  readonly address: string;
  readonly port: number | null;
  /** Decimal user id of the socket's owner. */
  readonly user: number | null;
}

const protocols: Readonly<Record<number, PacketRefusal['protocol']>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmp',
};

/** Parses one line of ulogd's JSON output.  @returns null for a line of another shape. */
export function parsePacketLine(line: string): PacketRefusal | null {
  let fields: Record<string, unknown> | null;
  try {
    fields = JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
  const address = fields?.dest_ip;
  if (fields === null || typeof address !== 'string' || !/^[0-9a-f.:]{2,45}$/.test(address)) return null;
  return {
    protocol: protocols[Number(fields['ip.protocol'])] ?? 'other',
    address,
    port: wholeOf(fields.dest_port, 65535),
    user: wholeOf(fields['oob.uid'], 2 ** 32 - 1),
  };
}

function wholeOf(value: unknown, most: number): number | null {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most ? Number(value) : null;
}
