// Node's ws with a frame that is built once and written to each socket.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const { Sender, WebSocketServer } = createRequire(process.cwd() + "/")("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096, perMessageDeflate: false });
server.on("listening", () => console.log(server.address().port));
createInterface({ input: process.stdin }).on("line", (line) => {
  const [size, count] = line.split(" ").map(Number);
  const text = Buffer.from("~" + "x".repeat(size - 5));
  for (let n = 0; n < count; n++) {
    const frame = Buffer.concat(
      Sender.frame(text, { fin: true, opcode: 1, mask: false, readOnly: false, rsv1: false }),
    );
    for (const client of server.clients) client._socket.write(frame);
  }
});
