import {effect, signal} from '@preact/signals';
import type {Principal, RoleName} from '../api/types';
import {token} from './settings';

/// Whom the coordinator takes us for. Null: it asks nobody; undefined: it has not said yet.
export const principal = signal<Principal | null | undefined>(undefined);

/// The coordinator wants a token and has not got a good one. Every page gives way to the question for it.
export const isLocked = signal(false);
/// What it said when it refused the last one.
export const refusal = signal('');

const order: readonly RoleName[] = ['read', 'initiate', 'operate', 'admin'];

/// Whether what needs that role is offered. The coordinator decides; this only spares people what it would refuse.
export function may(role: RoleName): boolean {
  const who = principal.value;
  return !who || order.indexOf(who.role) >= order.indexOf(role);
}

/// Any answer 401, wherever it came from. `sent` is the token that it was an answer to: an old one says nothing of a new one.
export function lock(sent: string, detail: string): void {
  if (sent !== token.peek()) return;
  refusal.value = sent ? detail : '';
  principal.value = undefined;
  isLocked.value = true;
}

let known = token.peek();
effect(() => {
  if (token.value === known) return;
  known = token.value;
  principal.value = undefined;
  isLocked.value = false;
});
