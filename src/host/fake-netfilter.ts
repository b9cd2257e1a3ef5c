import type { NetlinkAnswer } from './host.ts';

const header = 16;
const wantsAnswer = 0x4;

/** Answers each message that wants it with success. */
export function acknowledge(messages: Buffer): NetlinkAnswer[] {
  return answerAll(messages, 0);
}

/** Makes the kernel answer each message that wants it with an error's number. */
export function refuseWith(error: number): (messages: Buffer) => NetlinkAnswer[] {
  return (messages) => answerAll(messages, error);
}

function answerAll(messages: Buffer, error: number): NetlinkAnswer[] {
  const answers: NetlinkAnswer[] = [];
  for (let at = 0; at < messages.length; at += messages.readUInt32LE(at)) {
    if ((messages.readUInt16LE(at + 6) & wantsAnswer) === 0) continue;
    answers.push(renderAnswer({ sequence: messages.readUInt32LE(at + 8), error }));
  }
  return answers;
}

/** Renders what netlink(7) calls NLMSG_ERROR, which is a success where the error is 0. */
export function renderAnswer({ sequence, error }: { sequence: number; error: number }): NetlinkAnswer {
  const octets = Buffer.alloc(header + 4 + header);
  octets.writeUInt32LE(octets.length, 0);
  octets.writeUInt16LE(2, 4);
  octets.writeUInt32LE(sequence, 8);
  octets.writeInt32LE(-error, header);
  return { from: 0, octets };
}
