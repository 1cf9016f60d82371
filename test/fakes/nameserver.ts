import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What a name server says of a name: its IPv4 address, or of what it is an alias; undefined: it does not exist; 'silence': nothing. */
export type Answer = string | { readonly cname: string } | undefined;
export type Answers = (name: string) => Answer | Promise<Answer>;

/** A name server on loopback. It knows A and CNAME records, and follows no CNAME. */
export class Nameserver {
  /** The names that were asked for, once for each kind of record. */
  readonly asked: string[] = [];

  private constructor(
    private readonly socket: Socket,
    readonly address: string,
  ) {}

  static async start(answers: Answers): Promise<Nameserver> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const server = new Nameserver(socket, `127.0.0.1:${socket.address().port}`);
    socket.on('message', (question, from) => {
      const { name, end } = nameIn(question);
      server.asked.push(name);
      void Promise.resolve(answers(name)).then((answer) => {
        if (answer !== 'silence') socket.send(replyTo(question, end, answer), from.port, from.address);
      });
    });
    return server;
  }

  stop(): void {
    this.socket.close();
  }
}

/** The name of a question, and where its type begins. https://www.rfc-editor.org/rfc/rfc1035#section-4 */
function nameIn(question: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

const [typeA, typeCNAME] = [1, 5];

function replyTo(question: Buffer, end: number, answer: Answer): Buffer {
  const asked = question.readUInt16BE(end);
  const known = answer !== undefined;
  const type = typeof answer === 'object' ? typeCNAME : typeA;
  const data = typeof answer === 'object' ? nameData(answer.cname) : Buffer.from((answer ?? '').split('.').map(Number));
  // A question for an address is answered with the CNAME too.
  const isAnswered = known && (asked === type || type === typeCNAME);
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(isAnswered ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([header, question.subarray(12, end + 4), ...(isAnswered ? [record, data] : [])]);
}

function nameData(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
