// The packets of Socket.IO, protocol 5, as text. Stands in the bundle for socket.io-parser (build.mjs), which takes
// binary data apart, too: the server sends none.

import { Emitter } from '@socket.io/component-emitter';

export const protocol = 5;
export const PacketType = { CONNECT: 0, DISCONNECT: 1, EVENT: 2, ACK: 3, CONNECT_ERROR: 4 };

const PACKET = /^([0-4])(?:(\/[^,]*)(?:,|$))?(\d*)(.*)$/s;

export class Encoder {
  encode({ type, nsp, id, data }) {
    return [`${type}${nsp && nsp !== '/' ? `${nsp},` : ''}${id ?? ''}${data == null ? '' : JSON.stringify(data)}`];
  }
}

// What is no packet throws, and so ends the connection.
export class Decoder extends Emitter {
  add(text) {
    const [, type, nsp = '/', id, json] = PACKET.exec(text);
    const packet = { type: Number(type), nsp };
    if (id) packet.id = Number(id);
    if (json) packet.data = JSON.parse(json);
    const isList = packet.type === PacketType.EVENT || packet.type === PacketType.ACK;
    if (isList !== Array.isArray(packet.data)) throw new TypeError('Not the data of such a packet.');
    this.emitReserved('decoded', packet);
  }

  destroy() {}
}
