/** A sketch of a map: no real streets, but the same place always looks the same, and two places do not. */
import type { Place } from './payloads'

export interface Street {
  path: string
  wide: boolean
}

const WIDTH = 320
const HEIGHT = 96
const ACROSS = 5
const ALONG = 3

export function streets({ latitude, longitude }: Place): Street[] {
  const next = sequence(Math.round((latitude + 90) * 1e4) * 3_600_007 + Math.round((longitude + 180) * 1e4))
  const tilt = (next() - 0.5) * 40
  const across = Array.from({ length: ACROSS }, (_, place) => {
    const x = ((place + 0.2 + next() * 0.6) / ACROSS) * WIDTH
    return { path: `M${round(x - tilt)} 0 L${round(x + tilt)} ${HEIGHT}`, wide: next() > 0.7 }
  })
  const along = Array.from({ length: ALONG }, (_, place) => {
    const y = ((place + 0.2 + next() * 0.6) / ALONG) * HEIGHT
    return { path: `M0 ${round(y + tilt / 2)} L${WIDTH} ${round(y - tilt / 2)}`, wide: next() > 0.6 }
  })
  return [...across, ...along]
}

const round = (value: number): number => Math.round(value * 10) / 10

/** Numbers from 0 to 1 that depend on the seed alone (Park and Miller). */
function sequence(seed: number): () => number {
  const modulus = 2_147_483_647
  let state = (seed % (modulus - 1)) + 1
  return () => {
    state = (state * 48_271) % modulus
    return state / modulus
  }
}
