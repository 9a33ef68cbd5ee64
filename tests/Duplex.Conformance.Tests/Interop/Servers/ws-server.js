// An echo server on Node's ws. Each connection chooses its options: ?pmd=JSON for perMessageDeflate, ?mode=fragments or ?mode=pings for how it answers.
// It tells its port on stdout, and ends with its stdin.
'use strict';
const http = require('http');
const { WebSocketServer } = require('ws');

const server = http.createServer((request, response) => response.writeHead(404).end());
server.on('upgrade', (request, socket, head) => {
  const query = new URL(request.url, 'http://localhost').searchParams;
  const mode = query.get('mode');
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: JSON.parse(query.get('pmd') ?? 'false'), maxPayload: 256 * 1024 * 1024 });
  acceptor.handleUpgrade(request, socket, head, (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, binary) => {
      if (mode === 'pings') ws.ping('between');
      if (mode === 'close') return ws.close(4001, 'asked to');
      if (mode !== 'fragments') return ws.send(data, { binary });
      const third = Math.ceil(data.length / 3);
      ws.send(data.subarray(0, third), { binary, fin: false });
      ws.send(data.subarray(third, 2 * third), { binary, fin: false });
      ws.send(data.subarray(2 * third), { binary, fin: true });
    });
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
