/** A thread's voices at one key: it pauses what plays, goes on with what it paused, else plays the one that is meant. */
import type { Ref } from 'vue'
import type { Message } from '@/api/types'
import { voiceMeant } from '@/text/voices'

export function usePlaying(
  scroller: Readonly<Ref<HTMLElement | null>>,
  messages: () => readonly Message[],
  bringIntoView: (message: number) => Promise<void>,
): () => Promise<void> {
  /** Paused by the key, which then goes on with it. */
  let held: HTMLAudioElement | null = null

  const voiceIn = (message: number): HTMLAudioElement | null => scroller.value?.querySelector(`[data-message="${message}"] audio`) ?? null

  function isSeen(voice: HTMLAudioElement | null): boolean {
    const frame = scroller.value?.getBoundingClientRect()
    const player = voice?.parentElement?.getBoundingClientRect()
    return !!frame && !!player?.height && player.bottom > frame.top && player.top < frame.bottom
  }

  return async () => {
    const playing = [...(scroller.value?.querySelectorAll('audio') ?? [])].find(({ paused }) => !paused)
    const meant = voiceMeant(messages(), (id) => isSeen(voiceIn(id)))
    const again = isSeen(held) ? held : null
    held = playing ?? null
    if (playing) return playing.pause()
    if (meant !== null && !again && !isSeen(voiceIn(meant))) await bringIntoView(meant)
    await (again ?? (meant === null ? null : voiceIn(meant)))?.play().catch(() => undefined)
  }
}
