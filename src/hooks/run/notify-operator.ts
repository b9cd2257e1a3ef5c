import { connect } from 'node:net';
import { ingestPort, ownAddress } from '../../core/own-address.ts';
import type { ShortHost } from '../../host/host.ts';
import type { NotificationWord } from '../../policy/notification.ts';
import { noticeOf, renderNotice } from '../notice.ts';

/** Milliseconds for the ingest to answer; nobody listens where nothing is to be told. */
const patience = 1000;

/** Leaves a word at the box's ingest, and answers with what the terminal shows. */
export async function notify(_: ShortHost, input: string): Promise<string> {
  const notice = noticeOf(input);
  if (notice === null) return '';
  await leave(notice.word);
  return renderNotice(notice);
}

/** Written by hand: loading a client costs more than all the rest of this program. */
function leave(word: NotificationWord): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: ownAddress, port: ingestPort });
    socket.setTimeout(patience, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
    socket.write(
      `POST /events/${word} HTTP/1.1\r\nhost: box\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    );
  });
}
