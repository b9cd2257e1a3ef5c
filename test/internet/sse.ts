import type { ChosenTurn } from './script.ts';

const usage = {
  input_tokens: 12,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 8,
};

/** The whole answer, as a client gets it that did not ask for a stream. */
export function renderMessage({ turn, id }: ChosenTurn, model: string): Record<string, unknown> {
  const isText = 'text' in turn;
  return {
    ...emptyMessage(model, id),
    content: [isText ? { type: 'text', text: turn.text } : { type: 'tool_use', id, ...turn.tool_use }],
    stop_reason: isText ? 'end_turn' : 'tool_use',
  };
}

/** The same answer as a stream of server-sent events. */
export function renderEvents(chosen: ChosenTurn, model: string): string {
  const stopReason = 'text' in chosen.turn ? 'end_turn' : 'tool_use';
  const events: Record<string, unknown>[] = [
    { type: 'message_start', message: emptyMessage(model, chosen.id) },
    ...renderBlock(chosen),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason, stop_sequence: null },
      usage: { output_tokens: 8 },
    },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

function renderBlock({ turn, id }: ChosenTurn): Record<string, unknown>[] {
  const start = (block: unknown) => ({ type: 'content_block_start', index: 0, content_block: block });
  const delta = (part: unknown) => ({ type: 'content_block_delta', index: 0, delta: part });
  if ('text' in turn) {
    return [start({ type: 'text', text: '' }), delta({ type: 'text_delta', text: turn.text })];
  }
  const { name, input } = turn.tool_use;
  return [
    start({ type: 'tool_use', id, name, input: {} }),
    delta({ type: 'input_json_delta', partial_json: JSON.stringify(input) }),
  ];
}

function emptyMessage(model: string, id: string): Record<string, unknown> {
  return {
    id: id.replace('toolu_', 'msg_'),
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
}
