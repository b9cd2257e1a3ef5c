/**
 * What the octets so far amount to. `name` is the SNI in its normal form, null where there is none; `hidden` says
 * that the hello carries an encrypted one as well. Whatever is not exactly one intact ClientHello is a fault.
 */
export type HelloReading =
  | { readonly kind: 'more' }
  | { readonly kind: 'hello'; readonly name: string | null; readonly hidden: boolean }
  | { readonly kind: 'fault'; readonly fault: HelloFault };
export type HelloFault = 'not-tls' | 'malformed' | 'too-large' | 'not-a-name';
