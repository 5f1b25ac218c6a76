// Subscribes with Pusher's JavaScript client and prints what it receives, one JSON object per line.
// Usage: ACCESS_TOKEN=… node subscribe.mjs HOST PORT KEY

import Pusher from "pusher-js";

const [host, port, key] = process.argv.slice(2);

function print(what, data) {
  process.stdout.write(`${JSON.stringify({ what, data })}\n`);
}

const pusher = new Pusher(key, {
  cluster: "eu",
  wsHost: host,
  wsPort: Number(port),
  forceTLS: false,
  enabledTransports: ["ws"],
  enableStats: false,
  channelAuthorization: {
    transport: "ajax",
    endpoint: `http://${host}:${port}/pusher/auth`,
    headersProvider: () => ({ Authorization: `Bearer ${process.env.ACCESS_TOKEN}` }),
  },
});

pusher.connection.bind("error", (error) => print("error", error));
const channel = pusher.subscribe("private-aircall");
channel.bind("pusher:subscription_succeeded", () => print("subscribed", null));
channel.bind("pusher:subscription_error", (error) => print("refused", error));
channel.bind("update-call", (call) => print("update-call", call));
