import { asAgent, asRoot, type Fault } from './fault.ts';

const socket = '/run/cloister/session/tmux';
const tmux = `timeout 10 tmux -N -S ${socket}`;

export const sessionFaults: readonly Fault[] = [
  game('removed', `rm -f ${socket}`),
  ...Object.entries({
    'a file': 'echo x >',
    'a pipe': 'mkfifo',
    'a link to nowhere': 'ln -s /run/cloister/session/nowhere',
    "a link to init's": 'ln -s /run/cloister/control.sock',
    'a closed folder': 'mkdir -m 0000',
  }).map(([name, made]) => game(`${name} in its place`, `rm -f ${socket}; ${made} ${socket}`)),
  game('a closed folder around it', 'chmod 0000 /run/cloister/session'),
  {
    ...game(
      "a server of the agent's",
      `tmux -S ${socket}.other -f /dev/null new-session -d -s cloister 'sleep 1000'; mv ${socket}.other ${socket}`,
    ),
    end: asRoot('pkill -KILL -u $agent -f [t]mux.other'),
  },
  listener('never answers', 'pass'),
  listener('hangs up', 'held.pop().close()'),
  game('the session killed', `${tmux} kill-session -t cloister`),
  game(
    'another session of its name',
    `${tmux} new-session -d -s other 'sleep 1000' \\; kill-session -t cloister \\; rename-session -t other cloister`,
  ),
  game('both panes killed', `${tmux} kill-pane -a -t cloister; ${tmux} kill-pane -t cloister`),
  game('many windows', `for n in {1..30}; do ${tmux} new-window -d -t cloister 'sleep 20'; done`),
  game('the server ended by its own word', `${tmux} kill-server`),
];

function game(name: string, script: string): Fault {
  return { kind: 'socket', name, stands: [3, 15], begin: asAgent(script) };
}

/** Somebody else who takes its clients. */
function listener(name: string, answer: string): Fault {
  const program = `
import os, socket
os.unlink("${socket}")
s = socket.socket(socket.AF_UNIX)
s.bind("${socket}")
s.listen(50)
held = []
while True: held.append(s.accept()[0]); ${answer}`;
  return {
    kind: 'socket',
    name: `a listener that ${name}`,
    stands: [3, 20],
    begin: asAgent(`exec -a chaos-listener python3 -c '${program}' >/dev/null 2>&1 &`),
    end: asRoot('pkill -KILL -u $agent -f [c]haos-listener'),
  };
}
