/** The DNS message codec of dns2, which the bundler takes alone: the whole package brings HTTP/2 with it. */
declare const Packet: typeof import('dns2').Packet;
export default Packet;
