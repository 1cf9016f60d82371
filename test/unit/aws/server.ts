import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Served {
  readonly url: string;
  /** `METHOD path` of each request, or what was to be connected to. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** A server on loopback that answers one request after the other, the last answer for ever. */
export async function serve(...answers: [RequestListener, ...RequestListener[]]): Promise<Served> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(`${request.method} ${request.url}`);
    request.resume();
    request.on('end', () => answer?.(request, response));
  });
  return { ...(await listen(server)), requests };
}

/** A proxy that refuses every tunnel, and remembers where to each was asked for. */
export async function refusingProxy(): Promise<Served> {
  const requests: string[] = [];
  const server = createServer();
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    requests.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  return { ...(await listen(server)), requests };
}

async function listen(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const reset: RequestListener = (request) => request.socket.destroy();
export const stall: RequestListener = () => undefined;

export function answer(status: number, body: string, type = 'text/xml'): RequestListener {
  return (_request, response) => response.writeHead(status, { 'content-type': type }).end(body);
}

export function queryError(status: number, code: string): RequestListener {
  return answer(status, `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code></Error></ErrorResponse>`);
}
