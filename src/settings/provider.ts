import type { SourcedRule } from '../policy/rule.ts';
import type { ReadText, Variables } from './secrets.ts';
import type { ClaudeCredential } from './settings.ts';

/** What is said of Claude's accounts and models: the environment, and what of it the schema has parsed. */
export interface ClaudeSaid {
  readonly env: Variables;
  /** With what is set to nothing: a required one that is empty is told so. */
  readonly given: Variables;
  readonly read: ReadText;
  /** Switches that are on. */
  readonly isOn: (name: string) => boolean;
}

/** What one way to a model needs. */
export interface Provider {
  readonly credentials: readonly ClaudeCredential[];
  readonly rules: readonly SourcedRule[];
  readonly variables: readonly string[];
  /** The text of Google's file of credentials. */
  readonly google?: string;
}
