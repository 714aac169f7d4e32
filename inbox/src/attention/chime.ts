/** Two short tones, made here: nothing to load. */
const TONES = [659, 880]
const LOUDNESS = 0.08
const LENGTH = 0.16
const APART = 2_000

let context: AudioContext | null = null
let chimedAt = 0

/** Browsers keep a page silent until somebody touches it; what it owed until then is not made up for. */
export function unlock(): void {
  try {
    context ??= new AudioContext()
    void context.resume()
  } catch {
    // A browser that plays nothing still shows what is new.
  }
}

/** Whether it is to be heard: many at once are one. */
export function chime(at = Date.now()): boolean {
  if (context?.state !== 'running' || at - chimedAt < APART) return false
  chimedAt = at
  TONES.forEach((frequency, place) => sound(context!, frequency, context!.currentTime + place * LENGTH))
  return true
}

function sound(on: AudioContext, frequency: number, at: number): void {
  const gain = on.createGain()
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.01)
  gain.gain.exponentialRampToValueAtTime(0.001, at + LENGTH * 2)
  gain.connect(on.destination)
  const tone = on.createOscillator()
  tone.frequency.value = frequency
  tone.connect(gain)
  tone.start(at)
  tone.stop(at + LENGTH * 2)
}
