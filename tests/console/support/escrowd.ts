import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

/// A real coordinator on a free port, with a file of its own; ended by its own process id.
export class Escrowd {
  private constructor(
    private child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
    private readonly token = '',
  ) {}

  private get authorization(): Record<string, string> {
    return this.token ? {Authorization: `Bearer ${this.token}`} : {};
  }

  static async start(): Promise<Escrowd> {
    const folder = mkdtempSync(join(tmpdir(), 'escrow-console-'));
    const {child, url} = await run(folder, '127.0.0.1:0');
    return new Escrowd(child, folder, url);
  }

  /// One that asks for tokens: a principal for each role, named like it, with `tokenOf` that role.
  static async startGuarded(): Promise<Escrowd> {
    const folder = mkdtempSync(join(tmpdir(), 'escrow-console-'));
    const {child, url} = await run(folder, '127.0.0.1:0', guard(folder));
    return new Escrowd(child, folder, url, tokenOf('admin'));
  }

  /// Takes a principal's token away, or gives it back, and waits until that is known.
  async letIn(roles: readonly string[]): Promise<void> {
    writeTokens(this.folder, roles);
    this.child.kill('SIGHUP');
    for (let step = 0; step < 2000; ++step) {
      const statuses = await Promise.all(allRoles.map(async (role) => (await fetch(`${this.url}/v1/info`, {headers: {Authorization: `Bearer ${tokenOf(role)}`}})).status));
      if (allRoles.every((role, i) => (statuses[i] === 200) === roles.includes(role))) return;
    }
    throw new Error('the tokens were never read again');
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
      headers: {'Content-Type': 'application/json', ...this.authorization, ...(actor ? {'Escrow-Actor': actor} : {})},
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async get(path: string): Promise<any> {
    const response = await fetch(this.url + path, {headers: this.authorization});
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

export const allRoles = ['read', 'initiate', 'operate', 'admin'] as const;
export const tokenOf = (role: string): string => `esc_${'t'.repeat(40)}-${role}`;

function writeTokens(folder: string, roles: readonly string[]): void {
  const entries = roles.map((role) => `- {name: ${role}, roles: [${role}], hash: "sha256:${createHash('sha256').update(tokenOf(role)).digest('hex')}"}\n`);
  writeFileSync(join(folder, 'tokens.yaml'), entries.join(''), {mode: 0o600});
}

/// Flags for a coordinator that asks.
function guard(folder: string): string[] {
  writeTokens(folder, allRoles);
  writeFileSync(join(folder, 'escrow.yaml'), `auth.tokens_file: ${join(folder, 'tokens.yaml')}\nlimits.stream_heartbeat_ms: 200\n`);
  return ['--config', join(folder, 'escrow.yaml')];
}

async function run(folder: string, listen: string, more: string[] = []): Promise<{child: ChildProcess; url: string}> {
  const program = process.env['ESCROWD'];
  if (!program) throw new Error('ESCROWD must name the coordinator under test');
  const child = spawn(program, ['--listen', listen, '--store', `sqlite:${join(folder, 'escrow.db')}`, ...more], {stdio: ['ignore', 'pipe', 'ignore']});
  const line = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`${program} ended with ${status} before it was ready`)));
    createInterface({input: child.stdout!}).once('line', resolve);
  });
  return {child, url: line.split(' ').at(-1) ?? ''};
}
