import {effect, signal} from '@preact/signals';
import type {Signal} from '@preact/signals';

/// What whoever sits before this browser has chosen. It stays in this browser; the token only until the tab is closed.

export type Language = 'en' | 'zh';
export type Theme = 'system' | 'light' | 'dark';
export type Clock = 'local' | 'utc';

export const language = kept<Language>('language', navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en', ['en', 'zh']);
export const theme = kept<Theme>('theme', 'system', ['system', 'light', 'dark']);
export const clock = kept<Clock>('clock', 'local', ['local', 'utc']);
/// Who acts; goes into the history with each action (`Escrow-Actor`).
export const actor = kept<string>('actor', '');
/// For a coordinator that asks for one.
export const token = kept<string>('token', '', undefined, sessionStorage);

function kept<T extends string>(name: string, initial: T, allowed?: readonly T[], storage: Storage = localStorage): Signal<T> {
  const key = `escrow.${name}`;
  const stored = storage.getItem(key) as T | null;
  const value = signal<T>(stored !== null && (!allowed || allowed.includes(stored)) ? stored : initial);
  let first = true;
  effect(() => {
    const text = value.value;
    if (!first) storage.setItem(key, text);
    first = false;
  });
  return value;
}
