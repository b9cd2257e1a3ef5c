import { describe, expect, test } from 'vitest';
import {
  chooseTurn,
  isSideRequest,
  lastPrompt,
  type Message,
  parseScript,
  sinceLastAnswer,
  toolResults,
} from '../../internet/script.ts';
import { renderEvents } from '../../internet/sse.ts';

const listFiles = { tool_use: { name: 'Bash', input: { command: 'ls' } } };
const script = parseScript({ turns: [listFiles, { text: 'Done.' }], afterwards: 'Over.' }, 3);
const user = (content: Message['content']): Message => ({ role: 'user', content });
const called: Message = { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_script3turn0' }] };
const result = user([{ type: 'tool_result', tool_use_id: 'toolu_script3turn0', content: 'README.md' }]);
const done: Message = { role: 'assistant', content: [{ type: 'text', text: 'Done.' }] };

describe('a script', () => {
  test('starts a conversation with its first turn', () => {
    expect(chooseTurn(script, [user('hi')])).toEqual({ turn: listFiles, id: 'toolu_script3turn0' });
  });

  test('goes on after the turns that the conversation shows', () => {
    expect(chooseTurn(script, [user('hi'), called, result]).turn).toEqual({ text: 'Done.' });
    expect(chooseTurn(script, [user('hi'), called, result, done, user('more')]).turn).toEqual({
      text: 'Over.',
    });
  });

  test('does not count what an earlier script said', () => {
    const earlier: Message = { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_script2turn0' }] };
    expect(chooseTurn(script, [user('hi'), earlier, result]).turn).toEqual(listFiles);
  });

  test('answers a repeated request alike', () => {
    const messages = [user('hi'), called, result];
    expect(chooseTurn(script, messages)).toEqual(chooseTurn(script, messages));
  });

  test.each([{ turns: [{ say: 'hi' }] }, { turns: 'hi' }, { turns: [null] }])('is not %j', (data) => {
    expect(() => parseScript(data, 1)).toThrow();
  });
});

test('the results of tool calls are told by the turn of the script that called', () => {
  const failed = user([
    { type: 'tool_result', tool_use_id: 'toolu_script3turn12', content: 'no', is_error: true },
  ]);
  expect(toolResults([user('hi'), called, result])).toEqual([{ turn: 0, failed: false, text: 'README.md' }]);
  expect(toolResults([user('hi'), called, failed])).toEqual([{ turn: 12, failed: true, text: 'no' }]);
  expect(toolResults([user('hi'), called, result, done, user('more')])).toEqual([]);
});

test('a request without tools, or for one token, stands beside the conversation', () => {
  expect(isSideRequest({ messages: [], tools: [] })).toBe(true);
  expect(isSideRequest({ messages: [], max_tokens: 1, tools: [{}] })).toBe(true);
  expect(isSideRequest({ messages: [], max_tokens: 32000, tools: [{}] })).toBe(false);
});

test('the last prompt is what the user said, without reminders and tool results', () => {
  const said = [
    { type: 'text', text: '<system-reminder>be kind</system-reminder>' },
    { type: 'text', text: 'fix it' },
  ];
  expect(lastPrompt([user('hi'), called, user(said), called, result])).toBe('fix it');
});

test('a tool call is streamed as a block with its input, and stops for the tool', () => {
  const stream = renderEvents(chooseTurn(script, []), 'some-model');
  const events = [...stream.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
  expect(events).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  expect(stream).toContain(JSON.stringify({ type: 'input_json_delta', partial_json: '{"command":"ls"}' }));
  expect(stream).toContain('"stop_reason":"tool_use"');
});

test('what the model hears is the tool result and all that came with it', () => {
  const messages: Message[] = [
    { role: 'user', content: 'before' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'x' }] },
    {
      role: 'user',
      content: [
        { type: 'tool_result', content: 'result' },
        { type: 'text', text: '<system-reminder>context</system-reminder>' },
      ],
    },
  ];
  expect(sinceLastAnswer(messages)).toBe('result\n<system-reminder>context</system-reminder>');
});
