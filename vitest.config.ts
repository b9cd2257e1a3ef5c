import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The same part of dns2 that the bundle takes: see scripts/bundle.ts.
  resolve: { alias: { 'dns2/packet': new URL('node_modules/dns2/packet.js', import.meta.url).pathname } },
  // Milliseconds: some of them run git dozens of times, on machines that do other things too.
  test: { include: ['test/unit/**/*.test.ts', 'test/boot/**/*.test.ts'], testTimeout: 30_000 },
});
