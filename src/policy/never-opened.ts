/**
 * What no rule, no setting and no pin opens. An address where a cloud tells a machine its credentials is known to
 * everybody: an allowed name that answers with it is an attack whatever the operator has allowed around it.
 */
export const neverOpened = [
  // This host and this network, loopback, multicast, the reserved end with broadcast (RFC 6890).
  '0.0.0.0/8',
  '127.0.0.0/8',
  '224.0.0.0/3',
  // Link-local, whole: AWS, Google, Azure, Oracle, OpenStack and others at .169.254, ECS and EKS at .170.2 and .170.23,
  // Tencent at .0.23 and .10.10, Scaleway at .42.42.
  '169.254.0.0/16',
  // Azure's wire server, on no list of special addresses.
  '168.63.129.16/32',
  // Alibaba, inside the carrier's network.
  '100.100.100.200/32',
  // Oracle's former cloud.
  '192.0.0.192/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
  // AWS: instances at ::254, EKS at ::23.
  'fd00:ec2::/32',
  // Google, Oracle, Scaleway, Akamai, Alibaba.
  'fd20:ce::254/128',
  'fd00:c1::a9fe:a9fe/128',
  'fd00:42::42/128',
  'fd00:a9fe:a9fe::1/128',
  'fd00:100::100:200/128',
];
