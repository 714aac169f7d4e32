/** Cuts a list that is in order of time into its days. */
import { dayOf } from './time'

export function byDay<T>(items: readonly T[], timeOf: (item: T) => string): { at: string; items: T[] }[] {
  const days: { at: string; items: T[] }[] = []
  for (const item of items) {
    const at = timeOf(item)
    const last = days[days.length - 1]
    if (last && dayOf(last.at) === dayOf(at)) last.items.push(item)
    else days.push({ at, items: [item] })
  }
  return days
}
