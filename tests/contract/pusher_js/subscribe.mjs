// Subscribes with Pusher's own client and prints what comes, one JSON object a line, until it is ended.
// Usage: node subscribe.mjs HOST PORT KEY; the access token comes in the environment, as ACCESS_TOKEN.

import Pusher from "pusher-js";

const [host, port, key] = process.argv.slice(2);

function tell(what, data) {
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

pusher.connection.bind("error", (error) => tell("error", error));
const channel = pusher.subscribe("private-aircall");
channel.bind("pusher:subscription_succeeded", () => tell("subscribed", null));
channel.bind("pusher:subscription_error", (error) => tell("refused", error));
channel.bind("update-call", (call) => tell("update-call", call));
