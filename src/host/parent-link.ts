/** The message channel to the process that started this one. */
export interface ParentLink<Sent, Heard> {
  send(message: Sent): void;
  onMessage(listener: (message: Heard) => void): void;
}

/** Opens the channel; when the parent goes, this process goes too. */
export function openParentLink<Sent, Heard>(): ParentLink<Sent, Heard> {
  if (process.send === undefined) throw new Error('this command is started by init alone');
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  return {
    send: (message) => {
      if (process.connected) process.send?.(message, () => {});
    },
    onMessage: (listener) => void process.on('message', listener),
  };
}
