import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The head of a CGI answer: status 200 unless it names another. */
export interface CgiHead {
  status: number;
  headers: Record<string, string>;
}

/** Runs one CGI program for one request; the body streams both ways. */
export function runCgi(
  program: { command: string; args: readonly string[]; env: Record<string, string> },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const child = spawn(program.command, program.args, {
    env: program.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A client that goes away must not leave the program waiting for the rest of its body.
  response.on('close', () => child.kill());
  child.stdin.on('error', () => {});
  request.pipe(child.stdin);
  let pending = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    if (response.headersSent) return void response.write(chunk);
    pending = Buffer.concat([pending, chunk]);
    const end = pending.indexOf('\r\n\r\n');
    if (end < 0) return;
    const { status, headers } = parseCgiHead(pending.subarray(0, end).toString('latin1'));
    response.writeHead(status, headers);
    response.write(pending.subarray(end + 4));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
      resolve();
      if (code) process.stderr.write(`${program.command} ${program.args.join(' ')}: exit code ${code}\n`);
    });
  });
}

export function parseCgiHead(text: string): CgiHead {
  const head: CgiHead = { status: 200, headers: {} };
  for (const line of text.split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (name.toLowerCase() === 'status') head.status = Number.parseInt(value, 10);
    else if (name !== '') head.headers[name] = value;
  }
  return head;
}
