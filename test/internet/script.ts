// Which answer a conversation gets: decided from the conversation itself, so that a request sent
// twice is answered twice alike and requests beside it take nothing from the script.

/** One answer of the model: words, or one tool to run. */
export type Turn = { text: string } | { tool_use: { name: string; input: Record<string, unknown> } };

/** How the API refuses: a status, the type of its error, and headers. */
export interface Refusal {
  status: number;
  type: string;
  headers?: Record<string, string>;
}

export interface Script {
  /** Distinguishes the tool calls of this script from those of an earlier one. */
  id: number;
  turns: readonly Turn[];
  /** Said when the script is over. */
  afterwards: string;
  /** Said to a request beside the conversation. */
  aside: string;
  /** Refuses every conversation so, where it is set. */
  refuses?: Refusal;
}

export interface Block {
  type: string;
  text?: string;
  id?: string;
  [key: string]: unknown;
}

export interface Message {
  role: string;
  content: string | Block[];
}

export interface MessagesRequest {
  model?: string;
  stream?: boolean;
  max_tokens?: number;
  system?: string | Block[];
  tools?: unknown[];
  messages?: Message[];
}

/** The `id` names the turn in a tool call, so that the next request shows that it was taken. */
export interface ChosenTurn {
  turn: Turn;
  id: string;
}

/**
 * @param data `{turns: Turn[], afterwards?: string, aside?: string, refuses?: Refusal}`
 * @throws naming the turn that is none
 */
export function parseScript(data: unknown, id: number): Script {
  const {
    turns = [],
    afterwards = 'Hello from the stub.',
    aside = '{"title": "Stub session"}',
    refuses,
  } = data as Partial<Script>;
  if (!Array.isArray(turns)) throw new Error('turns: want a list');
  turns.forEach((turn, index) => {
    if (!isTurn(turn)) throw new Error(`turn ${index}: want {text} or {tool_use: {name, input}}`);
  });
  return { id, turns, afterwards, aside, ...(refuses === undefined ? {} : { refuses }) };
}

export function chooseTurn(script: Script, messages: readonly Message[]): ChosenTurn {
  let taken = 0;
  for (const message of messages) {
    if (message.role === 'assistant' && isTurnOf(script, taken, message)) taken += 1;
  }
  return { turn: script.turns[taken] ?? { text: script.afterwards }, id: idOf(script, taken) };
}

/** A request beside the conversation (a title, a quota check) offers the model no tool. */
export function isSideRequest({ tools, max_tokens }: MessagesRequest): boolean {
  return max_tokens === 1 || !Array.isArray(tools) || tools.length === 0;
}

/** What the user said last, without tool results and the reminders that the client adds. */
export function lastPrompt(messages: readonly Message[]): string {
  const said = messages
    .filter(({ role }) => role === 'user')
    .map(({ role, content }) => ({
      role,
      content: blocksOf({ role, content }).filter(({ text = '' }) => !text.startsWith('<system-reminder>')),
    }));
  const texts = said.map(textOf);
  return texts.findLast((text) => text !== '') ?? '';
}

/** Paths of the instructions that the client read to the model: CLAUDE.md and its like. */
export function instructionFiles(messages: readonly Message[]): string[] {
  const text = messages
    .flatMap(blocksOf)
    .map((block) => block.text ?? '')
    .join('\n');
  return [...text.matchAll(/^Contents of (\/\S+) \(/gm)].map(([, path = '']) => path);
}

/** Everything since the model spoke last: tool results, and what the client adds to them. */
export function sinceLastAnswer(messages: readonly Message[]): string {
  const spoke = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages
    .slice(spoke + 1)
    .flatMap(blocksOf)
    .map(({ type, text, content }) => (type === 'tool_result' ? contentText(content) : (text ?? '')))
    .join('\n');
}

/** What a tool said, or why it did not run. */
export interface ToolResult {
  /** The turn of the script that called it. */
  turn: number;
  failed: boolean;
  text: string;
}

/** The results of the script's tool calls since the model spoke last. */
export function toolResults(messages: readonly Message[]): ToolResult[] {
  const spoke = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages
    .slice(spoke + 1)
    .flatMap(blocksOf)
    .flatMap(({ type, tool_use_id: id, content, is_error: failed }) => {
      const [, turn] = /^toolu_script\d+turn(\d+)$/.exec(String(id)) ?? [];
      if (type !== 'tool_result' || turn === undefined) return [];
      return [{ turn: Number(turn), failed: failed === true, text: contentText(content) }];
    });
}

function contentText(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? '');
}

function isTurn(turn: unknown): turn is Turn {
  const { text, tool_use } = (turn ?? {}) as {
    text?: unknown;
    tool_use?: { name?: unknown; input?: unknown };
  };
  return (
    typeof text === 'string' || (typeof tool_use?.name === 'string' && typeof tool_use.input === 'object')
  );
}

function isTurnOf(script: Script, index: number, message: Message): boolean {
  const turn = script.turns[index];
  if (turn === undefined) return false;
  if ('text' in turn) return textOf(message) === turn.text.trim();
  return blocksOf(message).some((block) => block.type === 'tool_use' && block.id === idOf(script, index));
}

function idOf(script: Script, index: number): string {
  return `toolu_script${script.id}turn${index}`;
}

function textOf(message: Message): string {
  const texts = blocksOf(message).filter(({ type }) => type === 'text');
  return texts
    .map(({ text = '' }) => text)
    .join('\n')
    .trim();
}

function blocksOf({ content }: Message): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}
