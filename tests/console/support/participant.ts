import {createServer} from 'node:http';
import type {Server, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/// A service that answers as a test wants, on a free port. The last word of the path says how:
/// `ok` with a body, `refuse` with 409, `fail` with 500, `busy` with 503 and Retry-After, `hang` not at all.
export class Participant {
  private readonly held: ServerResponse[] = [];
  private readonly ways = new Map<string, string>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Participant> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const participant = new Participant(server);
    server.on('request', (request, response) => {
      request.resume();
      request.on('end', () => participant.answer(request.url ?? '/', response));
    });
    return participant;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  url(path: string): string {
    return `${this.base}/${path}`;
  }

  /// From now on the path is answered another way.
  turn(path: string, way: string): void {
    this.ways.set(`/${path}`, way);
  }

  private answer(path: string, response: ServerResponse): void {
    const way = this.ways.get(path) ?? path.split('/').at(-1);
    const json = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, {'Content-Type': 'application/json', ...headers});
      response.end(JSON.stringify(body));
    };
    if (way === 'hang') this.held.push(response);
    else if (way === 'refuse') json(409, {error: path.startsWith('/payment') ? 'not enough money' : 'already shipped'});
    else if (way === 'fail') json(500, {error: 'out of order'});
    else if (way === 'busy') json(503, {}, {'Retry-After': '2'});
    else json(200, {path, confirmed: true});
  }

  async stop(): Promise<void> {
    for (const response of this.held) response.destroy();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

/// An address where nobody listens: a port that was free a moment ago.
export async function goneAddress(): Promise<string> {
  const participant = await Participant.start();
  const {base} = participant;
  await participant.stop();
  return base;
}
