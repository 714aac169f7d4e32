/** Tells colleagues that we look at a conversation, and whether we type, while it is on the screen. */
import { onScopeDispose, ref, watch } from 'vue'
import { together } from '@/api/together'
import { useDrafts } from '@/stores/drafts'
import { useViewers } from '@/stores/viewers'

const EVERY = 15_000
/** Who walks past looks at nothing. */
const STAYED_FOR = 300
const TYPING_FOR = 6_000

export function useViewing(conversation: number): void {
  const drafts = useDrafts()
  const viewers = useViewers()
  const typing = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause: ReturnType<typeof setTimeout> | undefined
  let told = false

  // A courtesy to colleagues: nothing depends on it, so nobody is told when it fails.
  function look(): void {
    clearTimeout(timer)
    if (document.visibilityState !== 'visible' || viewers.quiet.has(conversation)) return
    timer = setTimeout(look, EVERY)
    told = true
    viewers.ask(conversation, together.look(conversation, typing.value)).catch(() => undefined)
  }

  function leave(): void {
    clearTimeout(timer)
    if (!told) return
    told = false
    together.leave(conversation).catch(() => undefined)
  }

  const seen = (): void => (document.visibilityState === 'visible' ? look() : leave())

  watch(
    () => [drafts.read(conversation, 'reply'), drafts.read(conversation, 'note')].join('\n'),
    (written) => {
      clearTimeout(pause)
      typing.value = written.trim() !== ''
      if (typing.value) pause = setTimeout(() => (typing.value = false), TYPING_FOR)
    },
  )
  watch([typing, () => viewers.quiet.has(conversation)], look)
  document.addEventListener('visibilitychange', seen)
  onScopeDispose(() => {
    clearTimeout(pause)
    document.removeEventListener('visibilitychange', seen)
    leave()
  })
  timer = setTimeout(look, STAYED_FOR)
}
