// Usage: main.ts [INPUTS [SEED]]   Fuzzes every target, a million inputs in all unless told otherwise.
import { fuzz } from './driver.ts';
import { targets } from './targets.ts';

const [inputs = 1_000_000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
console.log(`seed ${seed}`);
for (const { target, share } of targets) {
  const start = performance.now();
  const report = await fuzz(target, { inputs: Math.ceil(inputs * share), seed });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${target.name}: ${report.inputs} inputs, ${seconds} s, slowest ${report.slowest.toFixed(1)} ms`,
  );
}
process.exit(0);
