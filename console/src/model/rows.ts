import type {StreamEvent, Summary} from '../api/types';

/// The rows of the list and what the stream says about them.

/// The row as it is after the event. What the event does not tell stays as it was.
export function applyEvent(row: Summary, event: StreamEvent): Summary {
  if (Date.parse(event.at) < Date.parse(row.started_at)) return row;
  const next = {...row, updated_at: event.at > row.updated_at ? event.at : row.updated_at};
  switch (event.type) {
    case 'commit_decided': return row.finished_at ? row : {...next, status: 'committing'};
    case 'abort_decided': return row.finished_at ? row : {...next, status: 'aborting'};
    case 'committed': return {...next, status: 'committed', finished_at: event.at, attention: []};
    case 'aborted': return {...next, status: 'aborted', finished_at: event.at, attention: []};
    case 'attention_raised': {
      if (!event.operation || row.finished_at) return row;
      const raised = {since: event.at, branch: event.branch, operation: event.operation, reason: event.detail ?? ''};
      return {...next, attention: [...others(row, event), raised]};
    }
    case 'attention_cleared': return {...next, attention: others(row, event)};
    default: return next;
  }
}

/// Rows that no event is about stay the same objects.
export function applyEvents(rows: readonly Summary[], events: readonly StreamEvent[]): Summary[] {
  const byGid = new Map<string, StreamEvent[]>();
  for (const event of events) byGid.set(event.gid, [...(byGid.get(event.gid) ?? []), event]);
  return rows.map((row) => (byGid.get(row.gid) ?? []).reduce(applyEvent, row));
}

function others(row: Summary, event: StreamEvent): Summary['attention'] {
  return row.attention.filter(({branch, operation}) => branch !== event.branch || operation !== event.operation);
}

/// A first page that was read again, joined to the rows that were loaded below the old one. `isCut`: the two do not meet any more, so that
/// only the new page is left.
export function mergeFirstPage(rows: readonly Summary[], page: readonly Summary[]): {rows: Summary[]; isCut: boolean} {
  const last = page.at(-1);
  const meets = last ? rows.findIndex(({gid}) => gid === last.gid) : -1;
  if (meets < 0) return {rows: [...page], isCut: true};
  return {rows: [...page, ...rows.slice(meets + 1)], isCut: false};
}
