/** The clock in seconds: one for the whole page, ticking only while something on the screen counts them. */
import { onScopeDispose, ref, type Ref } from 'vue'

const second = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

const tick = (): void => {
  second.value = Date.now()
}

export function useSeconds(): Readonly<Ref<number>> {
  if (users++ === 0) {
    tick()
    timer = setInterval(tick, 1_000)
  }
  onScopeDispose(() => {
    if (--users === 0) clearInterval(timer)
  })
  return second
}
