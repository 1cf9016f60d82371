import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A port of the loopback address that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** Starts something that takes free ports; once more where somebody else took one of them a moment earlier. */
export async function onFreePorts<Started>(start: () => Promise<Started>): Promise<Started> {
  try {
    return await start();
  } catch (error) {
    if (!saysTaken(error)) throw error;
    return start();
  }
}

function saysTaken(error: unknown): boolean {
  return error instanceof Error && (/address already in use/i.test(error.message) || saysTaken(error.cause));
}
