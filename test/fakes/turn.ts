import type { Turn } from '../../src/runtime/reconciler.ts';

/** A run because something changed. */
export const turn = (signal: AbortSignal = new AbortController().signal): Turn => ({
  signal,
  priority: 'normal',
  isReturn: false,
});
