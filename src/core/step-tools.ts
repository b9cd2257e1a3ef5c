export type Undo = () => Promise<void> | void;

/** What a step is handed: how to be undone, and how to say in one line what it found. */
export interface StepTools {
  undo(action: Undo): void;
  say(detail: string): void;
  /** The step is done but not as it should be; the boot goes on. */
  warn(detail: string): void;
  /** Throws once the boot was interrupted: asked before what can't be undone. */
  assertGoing(): void;
}
