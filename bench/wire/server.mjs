// A Socket.IO server as small as it can be: one room, and `POST /emit?count=N` sends its body there N times.
// `node server.mjs PING_INTERVAL_MS PING_TIMEOUT_MS`

import { createServer } from 'node:http';
import { Server } from 'socket.io';

const ROOM = 'signed-in';
const [pingInterval, pingTimeout] = process.argv.slice(2).map(Number);

const http = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  const payload = JSON.parse(body);
  const { searchParams } = new URL(request.url, 'http://localhost');
  for (let left = Number(searchParams.get('count')); left > 0; left -= 1) io.to(ROOM).emit('update-call', payload);
  response.end();
});
const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  perMessageDeflate: false,
  pingInterval,
  pingTimeout,
});
io.on('connection', (socket) => socket.join(ROOM));
http.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () =>
  console.log(`Node at http://127.0.0.1:${http.address().port}`),
);
