// The packets of Engine.IO, protocol 4, as text. Stands in the bundle for engine.io-parser, as text-parser.js does for
// socket.io-parser.

export const protocol = 4;

const TYPES = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'];

export function encodePacket({ type, data = '' }, _supportsBinary, callback) {
  callback(`${TYPES.indexOf(type)}${data}`);
}

export function decodePacket(text) {
  const type = TYPES[text[0]];
  if (!type) return { type: 'error', data: 'parser error' };
  return text.length > 1 ? { type, data: text.slice(1) } : { type };
}
