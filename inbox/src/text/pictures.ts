/** The room of a picture in a thread, known before it is loaded. */

const WIDEST = 260
/** A screenshot of a phone stands upright, and is still one glance. */
const HIGHEST = 320
/** As small as what can be pressed: of a line a pixel high, there is something to see and to hit. */
const SMALLEST = 24

/** Where nobody knows how large it is: whatever comes is fitted in, and moves nothing. */
const UNMEASURED: Room = { width: WIDEST, height: 200 }

export interface Room {
  width: number
  height: number
}

/** Never larger than it is, and within bounds whatever it claims to be. */
export function roomOf({ width, height }: { width?: number | null; height?: number | null }): Room {
  if (!width || !height) return UNMEASURED
  const scale = Math.min(1, WIDEST / width, HIGHEST / height)
  const side = (length: number) => Math.max(SMALLEST, Math.round(length * scale))
  return { width: side(width), height: side(height) }
}
