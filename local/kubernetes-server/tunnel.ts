import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Names of clusters' endpoints: they never lead anywhere but to a simulated cluster. */
const ENDPOINT = /\.(eks\.amazonaws\.com|azmk8s\.io)$/;

type Address = { readonly host: string; readonly port: number };

/** An HTTP proxy on loopback that carries TLS connections (CONNECT): to a cluster when the name is its, else to the name. */
export class Tunnel {
  private readonly open = new Set<Duplex>();

  private constructor(
    private readonly server: Server,
    /** E.g. `http://127.0.0.1:40261`. */
    readonly url: string,
  ) {}

  /** @param addressOf Where a cluster's name leads to; undefined for any other name. */
  static open(addressOf: (host: string) => Promise<Address | undefined>): Promise<Tunnel> {
    const server = createServer((_, response) => response.writeHead(405).end());
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        const port = typeof address === "object" && address !== null ? address.port : 0;
        const tunnel = new Tunnel(server, `http://127.0.0.1:${port}`);
        server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
          void tunnel.carry(request, client, head, addressOf);
        });
        resolve(tunnel);
      });
    });
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((closed) => this.server.close(closed));
  }

  private async carry(
    { url = "" }: IncomingMessage,
    client: Duplex,
    head: Buffer,
    addressOf: (host: string) => Promise<Address | undefined>,
  ): Promise<void> {
    this.track(client);
    const { hostname, port } = new URL(`https://${url}`);
    let target: Socket;
    try {
      const found = await addressOf(hostname);
      if (found === undefined && ENDPOINT.test(hostname)) throw new Error(`no cluster has the endpoint ${hostname}`);
      target = await connected(found ?? { host: hostname, port: Number(port === "" ? 443 : port) });
    } catch (error) {
      // One line, since it becomes the status line that clients show.
      const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
      client.end(`HTTP/1.1 502 ${reason.replace(/[^\x20-\x7e]/g, "?")}\r\n\r\n`);
      return;
    }
    this.track(target);
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    target.write(head);
    client.pipe(target).pipe(client);
    client.once("close", () => target.destroy());
    target.once("close", () => client.destroy());
  }

  private track(socket: Duplex): void {
    this.open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.open.delete(socket));
  }
}

function connected({ host, port }: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
  });
}
