/** One thing wrong with what the operator said. The value itself is never part of it where it may be secret. */
export interface Fault {
  readonly variable: string;
  readonly fault: string;
  readonly remedy: string;
}
