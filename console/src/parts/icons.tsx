/// Small signs, each with a shape of its own, so that nothing is told by colour alone. They take the colour and size of the text.

const paths = {
  active: 'M4 3.2v9.6L12.5 8z',
  committing: 'M2.5 8h9M8 4l4 4-4 4',
  aborting: 'M13.5 8h-9M8 4 4 8l4 4',
  committed: 'M3 8.5l3.3 3.3L13 4.6',
  aborted: 'M3.2 6.2h6a3.6 3.6 0 1 1 0 7.2H6M6 3.2l-3 3 3 3',
  attention: 'M8 2.2 14.4 13.4H1.6zM8 6.4v3.2M8 11.4v.6',
  waiting: 'M4.2 8h.01M8 8h.01M11.8 8h.01',
  calling: 'M2.5 8h9M8 4l4 4-4 4',
  backing_off: 'M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM8 4.8V8l2.2 1.6',
  succeeded: 'M3 8.5l3.3 3.3L13 4.6',
  failed: 'M4 4l8 8M12 4l-8 8',
  unknown: 'M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.3-1 .8-1 1.6M8 12.2v.3',
  skipped: 'M3 8h10',
  resolved: 'M3 12.8l.6-2.8 7.2-7.2 2.2 2.2-7.2 7.2z',
  closed: 'M3 8.5l3.3 3.3L13 4.6',
  open: 'M4 4l8 8M12 4l-8 8',
  probing: 'M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.3-1 .8-1 1.6M8 12.2v.3',
  search: 'M7 2.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8zM10.3 10.3l3.2 3.2',
  close: 'M4 4l8 8M12 4l-8 8',
  up: 'M8 13V3.5M4 7.2l4-4 4 4',
  down: 'M8 3v9.5M4 8.8l4 4 4-4',
  chevron: 'M6 3.5 10.5 8 6 12.5',
} as const;

export type IconName = keyof typeof paths;

const filled: readonly IconName[] = ['active'];

export function Icon({name}: {name: IconName}) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill={filled.includes(name) ? 'currentColor' : 'none'} stroke="currentColor" stroke-width="1.8"
        stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
