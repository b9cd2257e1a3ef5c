/**
 * @returns milliseconds of the kernel's CLOCK_MONOTONIC, which nobody sets: the same in every program of the machine,
 * so that a deadline may be handed from one to another.
 */
export function uptime(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + Math.floor(nanoseconds / 1e6);
}
