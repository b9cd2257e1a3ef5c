const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/**
 * Renders a managed policy of Chromium and its kin: they trust a list of their own, and of the system's nothing. The
 * policies of the image that never change stand beside it.
 * @param pem the operator's certificates, or nothing.
 */
export function renderBrowserPolicy(pem: string): string {
  const certificates = [...pem.matchAll(block)].map(([, body = '']) => body.replace(/\s/g, ''));
  const policy = certificates.length === 0 ? {} : { CACertificates: certificates };
  return `${JSON.stringify(policy, null, 2)}\n`;
}
