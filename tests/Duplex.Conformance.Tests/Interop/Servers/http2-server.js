// An echo server on Node's http2, with the framing of ws over its streams. Each session chooses its options: ?pmd=JSON for ws's PerMessageDeflate, and ?mode=
// fragments, pings, close or reset for how it answers. The argument is a file with a certificate and its key. It tells two ports on stdout, that without TLS and that
// with TLS, and ends with its stdin.
'use strict';
const fs = require('fs');
const http2 = require('http2');
const { WebSocket, PerMessageDeflate, extension } = require('ws');

// What ws's own server sets for its sockets.
const options = { allowSynchronousEvents: true, autoPong: true, closeTimeout: 30000, maxPayload: 256 * 1024 * 1024, skipUTF8Validation: false };

function serve(stream, headers) {
  stream.on('error', () => {});
  if (headers[':method'] !== 'CONNECT' || headers[':protocol'] !== 'websocket') return stream.respond({ ':status': 404 }, { endStream: true });
  const query = new URL(headers[':path'], 'http://localhost').searchParams;
  const mode = query.get('mode');
  const settings = JSON.parse(query.get('pmd') ?? 'false');
  const answer = { ':status': 200 };
  const ws = new WebSocket(null, undefined, options);
  if (settings) {
    const offers = extension.parse(headers['sec-websocket-extensions'] ?? '')[PerMessageDeflate.extensionName];
    if (offers) {
      const deflate = new PerMessageDeflate({ ...(settings === true ? {} : settings), isServer: true, maxPayload: options.maxPayload });
      deflate.accept(offers);
      ws._extensions = { [PerMessageDeflate.extensionName]: deflate };
      answer['sec-websocket-extensions'] = extension.format({ [PerMessageDeflate.extensionName]: [deflate.params] });
    }
  }
  stream.respond(answer);
  ws.setSocket(stream, Buffer.alloc(0), options);
  ws.on('error', () => {});
  ws.on('message', (data, binary) => {
    if (mode === 'pings') ws.ping('between');
    if (mode === 'close') return ws.close(4001, 'asked to');
    if (mode === 'reset') return stream.destroy(new Error('reset')); // RST_STREAM with INTERNAL_ERROR; close(code) would send END_STREAM first
    if (mode !== 'fragments') return ws.send(data, { binary });
    const third = Math.ceil(data.length / 3);
    ws.send(data.subarray(0, third), { binary, fin: false });
    ws.send(data.subarray(third, 2 * third), { binary, fin: false });
    ws.send(data.subarray(2 * third), { binary, fin: true });
  });
  if (mode === 'watch') {
    stream.on('close', () => note(query.get('name'), stream.rstCode));
    ws.send('watched');
  }
}

// How a watched session's stream has ended, once it has: GET /?name=.
const watched = new Map();
const asked = new Map();
function note(name, code) {
  if (asked.has(name)) asked.get(name)(code);
  else watched.set(name, code);
}
function tell(stream, name) {
  const answer = (code) => {
    stream.respond({ ':status': 200 });
    stream.end(String(code));
  };
  if (watched.has(name)) answer(watched.get(name));
  else asked.set(name, answer);
}

const pem = fs.readFileSync(process.argv[2]);
const settings = { settings: { enableConnectProtocol: true } };
const servers = [http2.createServer(settings), http2.createSecureServer({ ...settings, cert: pem, key: pem })];
for (const server of servers) {
  server.on('stream', (stream, headers) => {
    if (headers[':method'] === 'GET') tell(stream, new URL(headers[':path'], 'http://localhost').searchParams.get('name'));
    else serve(stream, headers);
  });
  server.on('sessionError', () => {});
}
servers[0].listen(0, '127.0.0.1', () => servers[1].listen(0, '127.0.0.1', () => console.log(servers.map((server) => server.address().port).join(' '))));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
