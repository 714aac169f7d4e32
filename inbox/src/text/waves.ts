/** How the sound of a recording is drawn. */

const HEIGHT = 26
const LOWEST = 2

/** Where nobody has listened to it yet. */
export const FLAT: readonly number[] = Array.from({ length: 48 }, () => 0)

/** Heights of the bars, for peaks from 0 to 100: of the loudest, so that a whisper shows as well. */
export function bars(peaks: readonly number[]): number[] {
  const loudest = Math.max(1, ...peaks)
  return peaks.map((peak) => Math.max(LOWEST, Math.round((peak / loudest) * HEIGHT)))
}
