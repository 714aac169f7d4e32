/** Payloads are written by strangers: what of them can be relied on, or null. */

export interface Place {
  latitude: number
  longitude: number
  label: string
}

export interface Menu {
  head: string
  choices: { id: string; text: string }[]
  tail: string
}

type Payload = Record<string, unknown>

export const word = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''

export const isObject = (value: unknown): value is Payload => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A name may stand alone or inside an object. */
export const nameIn = (value: unknown): string => (isObject(value) ? word(value.name) : word(value))

function within(value: unknown, limit: number): number | null {
  const number = typeof value === 'number' ? value : typeof value === 'string' && value.trim() ? Number(value) : NaN
  return Math.abs(number) <= limit ? number : null
}

export function placeOf(value: unknown): Place | null {
  if (!isObject(value)) return null
  const latitude = within(value.latitude, 90)
  const longitude = within(value.longitude, 180)
  return latitude === null || longitude === null ? null : { latitude, longitude, label: word(value.label) }
}

export function menuOf(payload: Payload): Menu | null {
  const choices = (Array.isArray(payload.choices) ? payload.choices : []).filter(isObject)
  const named = choices.map((choice) => ({ id: word(choice.id), text: word(choice.text) })).filter(({ text }) => text)
  return named.length ? { head: word(payload.head), choices: named, tail: word(payload.tail) } : null
}

const DIGITS = 6

export const coordinates = ({ latitude, longitude }: Place): string =>
  [latitude, longitude].map((number) => String(Number(number.toFixed(DIGITS)))).join(', ')

/** A map to open elsewhere: nothing of it is loaded here. */
export function mapAddress(place: Place, locale: string): string {
  const { latitude, longitude, label } = place
  if (locale.startsWith('zh')) {
    const name = label ? `&name=${encodeURIComponent(label)}` : ''
    return `https://uri.amap.com/marker?position=${longitude},${latitude}${name}`
  }
  return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`
}
