import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Decoder, Encoder, PacketType, protocol } from '../../static/js/text-parser.js';
import * as packets from '../../static/js/text-packets.js';

const require = createRequire(import.meta.resolve('socket.io-client'));
const original = require('socket.io-parser');

const PACKETS = [
  { type: PacketType.CONNECT, nsp: '/' },
  { type: PacketType.CONNECT, nsp: '/', data: { position: '1-2', rows: null } },
  { type: PacketType.DISCONNECT, nsp: '/' },
  { type: PacketType.EVENT, nsp: '/', data: ['update-call', { call: { notes: ['été\n\u2028 "1"'] } }] },
  { type: PacketType.EVENT, nsp: '/admin', id: 12, data: ['1', 2, null] },
  { type: PacketType.ACK, nsp: '/', id: 0, data: [] },
  { type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'refused' } },
];

function decoded(parser, text) {
  const packets = [];
  const decoder = new parser.Decoder();
  decoder.on('decoded', (packet) => packets.push(packet));
  decoder.add(text);
  return packets;
}

test('it is the protocol of socket.io-parser', () => {
  assert.equal(protocol, original.protocol);
  for (const [name, number] of Object.entries(PacketType)) assert.equal(number, original.PacketType[name]);
});

test('packets are written and read as by socket.io-parser', () => {
  for (const packet of PACKETS) {
    const [text] = new Encoder().encode(packet);

    assert.deepEqual([text], new original.Encoder().encode(packet));
    assert.deepEqual(decoded({ Decoder }, text), [packet]);
    assert.deepEqual(decoded({ Decoder }, text), decoded(original, text));
  }
});

test('what is no packet throws', () => {
  for (const text of ['', '9', 'x', '2', '2{', '2{}', '3"x"', '0[1]', '51-["x",{"_placeholder":true,"num":0}]']) {
    assert.throws(() => decoded({ Decoder }, text), text);
  }
});

test('packets of the connection are written and read as by engine.io-parser', () => {
  const engine = require('engine.io-parser');
  const written = (parser, packet) => {
    let text;
    parser.encodePacket(packet, true, (encoded) => {
      text = encoded;
    });
    return text;
  };
  assert.equal(packets.protocol, engine.protocol);
  for (const packet of [{ type: 'message', data: '2["é"]' }, { type: 'pong' }, { type: 'close' }, { type: 'ping', data: 'probe' }]) {
    const text = written(packets, packet);
    assert.equal(text, written(engine, packet));
    assert.deepEqual(packets.decodePacket(text), engine.decodePacket(text));
  }
  for (const text of ['', '9', 'x1']) assert.deepEqual(packets.decodePacket(text), engine.decodePacket(text));
});
