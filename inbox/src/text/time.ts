/** Times and sizes in the reader's language, on the platform's own Intl. */

/** To make one takes longer than to draw a row of a list. */
function kept<O, F>(make: new (locale: string, options: O) => F): (locale: string, options: O) => F {
  const found = new Map<string, F>()
  return (locale, options) => {
    const key = locale + JSON.stringify(options)
    if (!found.has(key)) found.set(key, new make(locale, options))
    return found.get(key)!
  }
}

const format = kept<Intl.DateTimeFormatOptions, Intl.DateTimeFormat>(Intl.DateTimeFormat)
const relative = kept<Intl.RelativeTimeFormatOptions, Intl.RelativeTimeFormat>(Intl.RelativeTimeFormat)
const number = kept<Intl.NumberFormatOptions, Intl.NumberFormat>(Intl.NumberFormat)

const DAY = 86_400_000

export const dayOf = (time: string | number): number => new Date(time).setHours(0, 0, 0, 0)

export const clock = (time: string, locale: string): string =>
  format(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(time))

export const moment = (time: string, locale: string): string =>
  format(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time))

/** A day of the calendar, whatever the time zone: 2027-01-31. */
export const dayOnly = (day: string, locale: string): string =>
  format(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))

/** Exact, and short: the year only where it is another one. */
export function exactly(time: string, now: number, locale: string): string {
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear()
  return format(locale, {
    year: sameYear ? undefined : 'numeric',
    month: 'short',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(time))
}

export function dayName(time: string, now: number, locale: string): string {
  const days = Math.round((dayOf(now) - dayOf(time)) / DAY)
  if (days < 2 && days >= 0) return relative(locale, { numeric: 'auto' }).format(-days, 'day')
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear()
  return format(locale, {
    year: sameYear ? undefined : 'numeric',
    month: 'short',
    day: 'numeric',
    weekday: 'short',
  }).format(new Date(time))
}

/** For a list: minutes while it is fresh, then the clock, then the day. */
export function ago(time: string, now: number, locale: string): string {
  const minutes = Math.floor((now - Date.parse(time)) / 60_000)
  if (minutes < 1) return relative(locale, { numeric: 'auto' }).format(0, 'second')
  if (minutes < 60) return span(minutes * 60_000, locale)
  const days = Math.round((dayOf(now) - dayOf(time)) / DAY)
  if (days === 0) return clock(time, locale)
  if (days === 1) return relative(locale, { numeric: 'auto' }).format(-1, 'day')
  return format(locale, { month: 'numeric', day: 'numeric' }).format(new Date(time))
}

/** Said in a sentence: "8 seconds ago". */
export function since(time: string, now: number, locale: string): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1_000))
  const words = relative(locale, {})
  if (seconds < 60) return words.format(-seconds, 'second')
  if (seconds < 3_600) return words.format(-Math.floor(seconds / 60), 'minute')
  return seconds < 86_400 ? words.format(-Math.floor(seconds / 3_600), 'hour') : moment(time, locale)
}

/** How long to wait: told too short, somebody tries in vain. */
export const wait = (milliseconds: number, locale: string): string => span(Math.ceil(milliseconds / 60_000) * 60_000, locale)

/** The one largest unit of a length of time, rounded down. */
export function span(milliseconds: number, locale: string): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 60) return unit(minutes, 'minute', locale)
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return unit(hours, 'hour', locale)
  return unit(Math.floor(hours / 24), 'day', locale)
}

function unit(value: number, name: string, locale: string): string {
  // "narrow" in Chinese drops the word for minutes to one character, in English to one letter.
  const style = locale.startsWith('zh') ? 'short' : 'narrow'
  return number(locale, { style: 'unit', unit: name, unitDisplay: style }).format(value).replace(/\s+/g, '')
}

export function size(bytes: number, locale: string): string {
  const names = ['byte', 'kilobyte', 'megabyte'] as const
  const step = bytes < 1024 ? 0 : bytes < 1024 * 1024 ? 1 : 2
  return number(locale, {
    style: 'unit',
    unit: names[step],
    unitDisplay: step ? 'short' : 'long',
    maximumFractionDigits: step === 2 ? 1 : 0,
  }).format(bytes / 1024 ** step)
}
