import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

/// A real coordinator on a free port, with a file of its own; ended by its own process id.
export class Escrowd {
  private constructor(
    private child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  static async start(): Promise<Escrowd> {
    const folder = mkdtempSync(join(tmpdir(), 'escrow-console-'));
    const {child, url} = await run(folder, '127.0.0.1:0');
    return new Escrowd(child, folder, url);
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, {recursive: true, force: true});
  }

  /// Nothing here has to be saved: what was told is on disk.
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /// Behind `kill`: the same log at the same address.
  async startAgain(): Promise<void> {
    ({child: this.child} = await run(this.folder, new URL(this.url).host));
  }

  async post(path: string, body: unknown, actor = ''): Promise<any> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: {'Content-Type': 'application/json', ...(actor ? {'Escrow-Actor': actor} : {})},
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async get(path: string): Promise<any> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  begin(transaction: unknown, waitMs = 0): Promise<any> {
    return this.post(`/v1/transactions?wait_ms=${waitMs}`, transaction);
  }

  /// Until it is as wanted; each step waits for the coordinator, not for time to pass.
  async eventually(gid: string, isIt: (transaction: any) => boolean): Promise<any> {
    for (let step = 0; step < 400; ++step) {
      const transaction = await this.get(`/v1/transactions/${gid}?wait_ms=50`);
      if (isIt(transaction)) return transaction;
      if (transaction.finished_at) break;
    }
    throw new Error(`${gid} never became as wanted`);
  }
}

async function run(folder: string, listen: string): Promise<{child: ChildProcess; url: string}> {
  const program = process.env['ESCROWD'];
  if (!program) throw new Error('ESCROWD must name the coordinator under test');
  const child = spawn(program, ['--listen', listen, '--store', `sqlite:${join(folder, 'escrow.db')}`], {stdio: ['ignore', 'pipe', 'ignore']});
  const line = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`${program} ended with ${status} before it was ready`)));
    createInterface({input: child.stdout!}).once('line', resolve);
  });
  return {child, url: line.split(' ').at(-1) ?? ''};
}
