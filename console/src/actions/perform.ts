import {abortTransaction, resolve, retryMany, retryNow} from '../api/coordinator';
import {Problem} from '../api/problem';
import {text} from '../text/text';
import type {Action} from './action';

/// Does what was confirmed; the sentence that says so. Throws what the coordinator refused.
export async function perform(action: Action, reason: string, outcome: string): Promise<{said: string; isGood: boolean}> {
  const t = text.value.act.done;
  const good = (said: string): {said: string; isGood: boolean} => ({said, isGood: true});
  switch (action.kind) {
    case 'retry':
      await retryNow(action.gid, reason);
      return good(t.retry(action.gid));
    case 'retrySelected':
      return retryEach(action.gids, reason);
    case 'retryMatching':
      return good(t.retryMany((await retryMany({...action.selection, reason}, false)).count));
    case 'resolve':
      await resolve(action.gid, {branch: action.branch, operation: action.operation, outcome, reason});
      return good(t.resolve(action));
    case 'abort':
      await abortTransaction(action.gid, reason);
      return good(t.abort(action.gid));
  }
}

/// One after another; a transaction that has ended in the meantime does not stop the others.
async function retryEach(gids: string[], reason: string): Promise<{said: string; isGood: boolean}> {
  let failed = 0;
  let why = '';
  for (const gid of gids) {
    try {
      await retryNow(gid, reason);
    } catch (error) {
      failed += 1;
      why = reasonOf(error);
    }
  }
  const done = gids.length - failed;
  const t = text.value.act.done;
  return failed ? {said: t.partly(done, failed, why), isGood: false} : {said: t.retryMany(done), isGood: true};
}

/// Why the coordinator refused, in words for an operator.
export function reasonOf(error: unknown): string {
  if (error instanceof Problem) return text.value.act.conflict[error.code] ?? error.message;
  return text.value.error.unreachable;
}
