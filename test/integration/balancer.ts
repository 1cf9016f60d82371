import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A load balancer before a cluster's API servers: each connection goes to the next one, past those that do not listen. */
export class Balancer {
  readonly #servers: string[];
  readonly #open = new Set<Socket>();
  #next = 0;

  private constructor(
    private readonly listener: Server,
    first: string,
  ) {
    this.#servers = [first];
  }

  static async start(first: string): Promise<Balancer> {
    const listener = createServer();
    const balancer = new Balancer(listener, first);
    listener.on('connection', (client) => void balancer.#join(client));
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    return balancer;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  add(server: string): void {
    this.#servers.push(server);
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await once(this.listener.close(), 'close');
  }

  async #join(client: Socket): Promise<void> {
    this.#keep(client);
    const start = this.#next++;
    for (let turn = 0; turn < this.#servers.length; turn++) {
      const { hostname, port } = new URL(this.#servers[(start + turn) % this.#servers.length] ?? '');
      const server = this.#keep(connect(Number(port), hostname));
      const isUp = await once(server, 'connect').then(
        () => true,
        () => false,
      );
      if (!isUp) continue;
      client.pipe(server).pipe(client);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
      return;
    }
    client.destroy();
  }

  #keep(socket: Socket): Socket {
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    // Whoever is at the other end hears of it.
    socket.on('error', () => socket.destroy());
    return socket;
  }
}
