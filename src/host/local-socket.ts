import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

/** Characters of a request, milliseconds for it to come, and for its answer. */
const mostAsked = 4096;
const askPatience = 5000;
const answerPatience = 60_000;
const mostAnswered = 4 * 1024 ** 2;

/** Takes one line a connection on a socket that root alone may open, and answers it with one line. */
export function serve(path: string, answer: (line: string) => Promise<string>): void {
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => {});
    void readLine(socket, { most: mostAsked, patience: askPatience })
      .then(answer)
      .then(
        (reply) => socket.end(`${reply}\n`),
        () => socket.destroy(),
      );
  });
  server.maxConnections = 16;
  server.on('error', () => {});
  server.listen(path);
  // A path is bound at once. Until this line only the mask of new files keeps others from writing to it.
  chmodSync(path, 0o600);
  server.unref();
}

/** Sends one line to such a socket.  @returns its answer; rejects where nobody listens or it takes too long. */
export function ask(path: string, line: string): Promise<string> {
  const socket = connect({ path });
  socket.write(`${line}\n`);
  return readLine(socket, { most: mostAnswered, patience: answerPatience }).finally(() => socket.destroy());
}

function readLine(socket: Socket, limits: { most: number; patience: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error('the other side takes too long')), limits.patience);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    socket.setEncoding('utf8');
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the other side hung up')));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end === -1 && text.length > limits.most) fail(new Error('the line is too long'));
      if (end === -1) return;
      clearTimeout(timer);
      socket.removeAllListeners('data');
      resolve(text.slice(0, end));
    });
  });
}
