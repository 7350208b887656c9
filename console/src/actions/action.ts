import {signal} from '@preact/signals';
import type {RetryMany} from '../api/coordinator';
import type {OperationName} from '../api/types';
import type {Side} from '../model/operations';

/// What an operator is about to do. It happens only behind a dialog that says what follows from it.

export interface ResolveAction {
  kind: 'resolve';
  gid: string;
  branch: string | null;
  operation: OperationName;
  side: Side;
  /// A pivot can also be resolved as refused.
  mayBeRefused: boolean;
}

export type Action =
  | {kind: 'retry'; gid: string}
  | {kind: 'retrySelected'; gids: string[]}
  | {kind: 'retryMatching'; selection: RetryMany}
  | ResolveAction
  | {kind: 'abort'; gid: string; hasCheck: boolean};

export interface Pending {
  action: Action;
  /// After it was done.
  onDone: () => void;
}

export const pending = signal<Pending | null>(null);

export function ask(action: Action, onDone: () => void = () => undefined): void {
  pending.value = {action, onDone};
}
