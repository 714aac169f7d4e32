/** A phone that rings, made of two tones: nothing to load. */
const TONES = [440, 480]
const LOUDNESS = 0.06
const RING = 1
const EVERY = 3_000

let context: AudioContext | null = null
let sounding: GainNode | null = null
let timer: ReturnType<typeof setInterval> | undefined

export function ring(): void {
  try {
    context ??= new AudioContext()
    // Before the first click on the page browsers keep it silent; what it owes then must not sound all at once.
    sounding?.disconnect()
    void context.resume()
    const gain = context.createGain()
    gain.gain.setValueAtTime(LOUDNESS, context.currentTime)
    gain.gain.setTargetAtTime(0, context.currentTime + RING - 0.1, 0.04)
    gain.connect(context.destination)
    for (const frequency of TONES) {
      const tone = context.createOscillator()
      tone.frequency.value = frequency
      tone.connect(gain)
      tone.start()
      tone.stop(context.currentTime + RING)
    }
    sounding = gain
  } catch {
    // A browser that plays nothing still shows that it rings.
  }
}

export function startRinging(): void {
  stopRinging()
  ring()
  timer = setInterval(ring, EVERY)
}

export function stopRinging(): void {
  clearInterval(timer)
  timer = undefined
  sounding?.disconnect()
  sounding = null
}
