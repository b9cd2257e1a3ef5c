/** Here the resolver answers and the proxy listens: a loopback address of our own, apart from the agent's servers. */
export const ownAddress = '127.0.0.53';
export const resolverPort = 53;
/** Below 1024, so that the agent can't take it while nobody listens. */
export const proxyPort = 443;
/** Here the agent's programs leave what the box sends for them; below 1024 for the same reason. */
export const ingestPort = 318;
/** An address the firewall closes to everybody but root, in every box (it is a Docker resolver's), and the discard port there. */
export const knockAddress = '127.0.0.11';
export const knockPort = 9;
