/** Until when a conversation may sleep. */

export type Nap = 'laterToday' | 'tomorrow' | 'monday'

const MORNING = 9
const LATER = 3
const QUARTER = 15

function morning(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING)
}

/** Those that lie ahead, each once: on Sundays tomorrow is next Monday. */
export function naps(now: Date): { nap: Nap; until: Date }[] {
  const later = new Date(now)
  later.setHours(now.getHours() + LATER, Math.ceil(now.getMinutes() / QUARTER) * QUARTER, 0, 0)
  const toMonday = (8 - now.getDay()) % 7 || 7
  const found: { nap: Nap; until: Date }[] = []
  if (later.getDate() === now.getDate()) found.push({ nap: 'laterToday', until: later })
  found.push({ nap: 'tomorrow', until: morning(now, 1) })
  if (toMonday > 1) found.push({ nap: 'monday', until: morning(now, toMonday) })
  return found
}

/** As a native field for date and time writes it: local, without a zone. */
export function fieldValue(at: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}
