import { draining } from '../draining.js';
import { BACKLOG, GRACE, MESSAGE } from '../limits.js';

const notFound = '{"error":"not found"}';

/** Serves /room, the chat room, to the WebSockets of a server. It loads ws when the first of them connects. */
export function openRoom(server) {
  let opening;
  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => {}); // the client left before its response
    if (request.url === '/room' || request.url.startsWith('/room?')) {
      opening ??= makeRoom();
      const room = await opening;
      room.handleUpgrade(request, socket, head, (member) => join(room, member));
    } else {
      refuse(socket);
    }
  });
}

async function makeRoom() {
  const { WebSocketServer } = await import('ws');
  const room = new WebSocketServer({
    noServer: true, // otherwise ws would respond 400 to other paths
    perMessageDeflate: false,
    maxPayload: MESSAGE,
    closeTimeout: GRACE,
  });

  const close = () => {
    room.close(); // no new member may join
    for (const member of room.clients) member.close(1001);
  };
  if (draining.signal.aborted) close();
  else draining.signal.addEventListener('abort', close);
  return room;
}

function join(room, member) {
  member.on('error', () => {}); // a broken frame or connection; ws closes it anyway
  member.on('message', (text, isBinary) => {
    if (isBinary) return;
    for (const each of room.clients) {
      each.send(text, { binary: false }); // the same bytes for all: ws neither copies nor masks them
      if (each.bufferedAmount > BACKLOG) each.terminate();
    }
  });
}

function refuse(socket) {
  socket.end(
    'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: application/json\r\n'
      + `Content-Length: ${notFound.length}\r\n\r\n${notFound}`,
    () => socket.destroy(),
  );
}
