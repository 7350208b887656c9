/// Why a request did not do what was asked.

/// The coordinator answered, with a problem document (RFC 9457).
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

/// No answer came.
export class Unreachable extends Error {}

export function readProblem(status: number, body: unknown): Problem {
  const text = (member: string): string => {
    const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[member] : undefined;
    return typeof value === 'string' ? value : '';
  };
  return new Problem(status, text('code') || `http_${status}`, text('title') || `HTTP ${status}`, text('detail') + faultsOf(body));
}

function faultsOf(body: unknown): string {
  const errors = (body as {errors?: unknown})?.errors;
  if (!Array.isArray(errors)) return '';
  const lines = errors.map((fault: {pointer?: string; parameter?: string; detail?: string}) =>
    `${fault.parameter ?? fault.pointer ?? ''} ${fault.detail ?? ''}`.trim());
  return lines.length ? ` (${lines.join('; ')})` : '';
}
