import {lock, principal} from '../live/principal';
import {actor, token} from '../live/settings';
import {Problem, readProblem, Unreachable} from './problem';

/// One way to the coordinator, for every request. Addresses are relative: the console may be served under a prefix.

export function requestHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  if (token.value) headers['Authorization'] = `Bearer ${token.value}`;
  // A header holds bytes; a name in Chinese goes out as UTF-8.
  // Who is known by name is not asked for another one.
  if (actor.value && !principal.value) headers['Escrow-Actor'] = String.fromCharCode(...new TextEncoder().encode(actor.value));
  return headers;
}

export async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const sent = token.value;
  const headers = requestHeaders();
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      cache: 'no-store',
      ...(body === undefined ? {} : {body: JSON.stringify(body)}),
      ...(signal ? {signal} : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Unreachable(error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw refused(sent, readProblem(response.status, await response.json().catch(() => null)));
  return response;
}

/// Of every answer that is none: one for want of a token locks the console.
export function refused(sent: string, problem: Problem): Problem {
  if (problem.status === 401) lock(sent, problem.detail);
  return problem;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return read<T>(await send('GET', path, undefined, signal));
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
  return read<T>(await send('POST', path, body));
}

async function read<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    // Somebody in between answered for the coordinator.
    throw new Problem(response.status, 'not_json', 'The answer is no JSON', '');
  }
}
